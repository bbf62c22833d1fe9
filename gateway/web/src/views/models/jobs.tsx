/** Jobs that train, import or export a model: how far they are, and how to stop them. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, ok } from "../../api/client";
import { texts } from "../../texts";
import { useAction } from "../../ui/action";
import { useLoaded } from "../../ui/loaded";
import { duration, number } from "../../ui/numbers";
import { Bar, ProblemBox, State, Time } from "../../ui/parts";
import { isLive, type Job, once, readJob, readJobs, save } from "./read";
import { Sample } from "./sample";

const LOOK_MS = 2000;

/** The newest jobs of models; `ended` is told when one that was watched has ended. */
export function Jobs({ ended }: { ended?: () => void }) {
  const jobs = useLoaded(readJobs, []);
  if (jobs.problem) return <ProblemBox problem={jobs.problem} retry={jobs.reload} />;
  if (!jobs.data || jobs.data.length === 0) return null;
  return (
    <section class="card" aria-labelledby="model-jobs">
      <h2 id="model-jobs">{texts.models.jobs}</h2>
      <ul class="model-jobs">
        {jobs.data.map((id) => (
          <li key={id}>
            <JobRow id={id} ended={ended} />
          </li>
        ))}
      </ul>
    </section>
  );
}

export function JobRow({ id, ended }: { id: string; ended?: (() => void) | undefined }) {
  const {
    data: job,
    problem,
    reload,
  } = useLoaded(() => readJob(id), [id], {
    everyMs: LOOK_MS,
    again: isLive,
  });
  const live = job ? isLive(job) : undefined;
  const was = useRef(false);
  useEffect(() => {
    if (was.current && live === false) ended?.();
    was.current ||= live === true;
  }, [live]);
  if (problem) return <ProblemBox problem={problem} retry={reload} />;
  if (!job) return null;
  return (
    <article class="model-job" aria-label={texts.models.jobOf(job.kind, job.name ?? id)}>
      <p class="row">
        <strong>{texts.models.jobOf(job.kind, job.name ?? nameOf(job))}</strong>
        <span role="status">
          <State of={job.state} />
        </span>
        <span class="hint">
          <Time at={job.created} />
        </span>
        <JobActions job={job} reload={reload} />
      </p>
      {live && <Progress job={job} />}
      {job.error && <JobError error={job.error} />}
      <Sample files={job.files} />
    </article>
  );
}

function nameOf({ request }: Job): string {
  return "model" in request && "name" in request.model ? request.model.name : "";
}

function Progress({ job }: { job: Job }) {
  const step = job.running.find(({ progress }) => progress)?.progress;
  const done = step ?? job.steps;
  const detail = Object.entries(step?.detail ?? {}).map(
    ([name, value]) => `${name} ${typeof value === "number" ? number(value) : value}`,
  );
  const said = [
    texts.common.of(String(done.done), String(done.total)),
    ...detail,
    ...(job.eta_seconds === null ? [] : [texts.models.eta(duration(job.eta_seconds))]),
    ...(job.waiting ? [job.waiting.reason] : []),
  ];
  return (
    <>
      <Bar done={done.done} total={done.total} label={texts.models.progress} />
      <p class="hint">{said.join(" · ")}</p>
    </>
  );
}

function JobError({ error }: { error: NonNullable<Job["error"]> }) {
  return (
    <div class="problem" role="alert">
      <p>{error.detail}</p>
      <ul>
        {error.errors.map(({ pointer, detail }) => (
          <li key={pointer}>
            <code>{pointer}</code> {detail}
          </li>
        ))}
      </ul>
    </div>
  );
}

function JobActions({ job, reload }: { job: Job; reload: () => void }) {
  const [asked, setAsked] = useState(false);
  const cancel = useAction(async () => {
    setAsked(true);
    const params = { path: { job_id: job.id }, header: once() };
    await ok(api.POST("/jobs/{job_id}/cancel", { params }));
    reload();
  });
  const fetch = useAction(async (name: string) => {
    const link = (await readJob(job.id)).files[name]; // a new link: the old one may be over
    if (link) save(link.url);
  });
  const problem = cancel.problem ?? fetch.problem;
  return (
    <>
      {isLive(job) && (
        <button type="button" disabled={asked && !problem} onClick={() => void cancel.run()}>
          {texts.common.cancel}
        </button>
      )}
      {job.kind === "model_export" &&
        Object.keys(job.files)
          .filter((name) => name.endsWith(".zip"))
          .map((name) => (
            <button key={name} type="button" onClick={() => void fetch.run(name)}>
              {texts.models.download(name)}
            </button>
          ))}
      {problem && <span class="field-problem">{problem.message}</span>}
    </>
  );
}

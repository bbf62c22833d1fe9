/** How far an experiment is: why it waits or failed, its steps by kind, and what runs now. */
import { href } from "../../../router";
import { texts } from "../../../texts";
import { count, duration, number, time } from "../../../ui/numbers";
import { Bar } from "../../../ui/parts";
import { nameKind } from "../../../ui/steps";
import { byPlan, type Experiment, hasResults } from "../names";
import { Facts } from "./facts";
import { Failure } from "./failure";
import { Training } from "./training";

export function Progress({ of }: { of: Experiment }) {
  const live = of.state === "queued" || of.state === "running";
  return (
    <>
      <Outcome of={of} />
      {of.error && <Failure of={of} error={of.error} />}
      {live && <Waiting of={of} />}
      <div class="grid-2 run-grid">
        <Steps of={of} />
        {live && <Running of={of} />}
      </div>
      <Training of={of} />
      <Facts of={of} />
    </>
  );
}

/** The way to the results, once they are there. */
function Outcome({ of }: { of: Experiment }) {
  const { finishedNow, partialNow, seeResults } = texts.experiment;
  return (
    <div role="status">
      {hasResults(of) && (
        <p class="done-note">
          {of.partial ? partialNow : finishedNow}{" "}
          <a href={href(["experiments", of.id, "results"])}>{seeResults}</a>
        </p>
      )}
    </div>
  );
}

function Waiting({ of }: { of: Experiment }) {
  const { waiting, queue_position: position, eta_seconds: eta } = of;
  return (
    <div class="card" aria-live="polite">
      <dl class="facts">
        {position !== null && (
          <Fact label={texts.experiment.position}>{texts.experiment.queuePosition(position)}</Fact>
        )}
        {waiting && (
          <Fact label={texts.experiment.waiting}>
            {waiting.reason}
            {!!waiting.ahead && waiting.queue && (
              <span class="waiting-more">
                {texts.experiment.ahead(
                  waiting.ahead,
                  texts.experiments.queues[waiting.queue] ?? "",
                )}
              </span>
            )}
            {waiting.busy.map(({ kind, since }) => (
              <span key={`${kind} ${since}`} class="waiting-more">
                {texts.experiment.busyWith(nameKind(kind), time(since))}
              </span>
            ))}
          </Fact>
        )}
        <Fact label={texts.experiment.eta}>
          {eta === null ? texts.experiment.etaUnknown : duration(eta)}
        </Fact>
      </dl>
    </div>
  );
}

function Fact({ label, children }: { label: string; children: preact.ComponentChildren }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Steps({ of }: { of: Experiment }) {
  const { done, total, by_kind: kinds } = of.steps;
  return (
    <section class="card">
      <h2>{texts.experiment.steps}</h2>
      <p>
        {total ? texts.experiment.allSteps(count(done), count(total)) : texts.experiment.planning}
      </p>
      {byPlan(kinds).map(([kind, { done = 0, total = 0, running = 0 }]) => {
        const said = texts.experiment.kindDone(count(done), count(total), running);
        return (
          <div key={kind} class={running ? "step-kind step-kind-running" : "step-kind"}>
            <span>{nameKind(kind)}</span>
            <span class="step-count">{said}</span>
            <Bar done={done} total={total} label={`${nameKind(kind)}: ${said}`} />
          </div>
        );
      })}
    </section>
  );
}

function Running({ of }: { of: Experiment }) {
  return (
    <section class="card">
      <h2>{texts.experiment.running}</h2>
      {of.running.length === 0 && <p>{texts.experiment.nothingRuns}</p>}
      {of.running.map(({ step, kind, progress }) => (
        <div key={step} class="step-kind">
          <span>
            {nameKind(kind)} <span class="hint">{texts.experiment.step(step)}</span>
          </span>
          <span class="step-count">
            {progress
              ? texts.common.of(count(progress.done), count(progress.total))
              : texts.experiment.starting}
          </span>
          <Bar
            done={progress?.done ?? 0}
            total={progress?.total ?? 1}
            label={`${nameKind(kind)}, ${texts.experiment.step(step)}`}
          />
          <Details of={progress?.detail ?? {}} />
        </div>
      ))}
    </section>
  );
}

/** The numbers of a running step that have a name here: a worker may send more. */
function Details({ of }: { of: Readonly<Record<string, number | string>> }) {
  const known = Object.entries(texts.experiment.details).filter(([key]) => key in of);
  if (!known.length) return null;
  return (
    <span class="step-details">
      {known.map(([key, label]) => `${label} ${number(Number(of[key]))}`).join(" · ")}
    </span>
  );
}

/** Workers and queues: what is running where, looked at every five seconds. */
import { api, ok, type Schemas } from "../../api/client";
import { texts } from "../../texts";
import { useLoaded } from "../../ui/loaded";
import { count, duration } from "../../ui/numbers";
import { Bar, Loading, ProblemBox, Time } from "../../ui/parts";
import { nameKind } from "../../ui/steps";
import { DataTable } from "../../ui/table";

type Step = Schemas["WorkingStep"];

async function look(signal: AbortSignal) {
  const [queues, workers] = await Promise.all([
    ok(api.GET("/queues", { signal })),
    ok(api.GET("/admin/workers", { signal })),
  ]);
  return { queues: queues.queues, workers };
}

export function WorkersView() {
  const { data, problem, reload } = useLoaded(look, [], { everyMs: 5000 });
  return (
    <>
      {problem && <ProblemBox problem={problem} retry={reload} />}
      {!data && !problem && <Loading />}
      {data && <Queues queues={data.queues} />}
      {data && <Workers items={data.workers.items} />}
      {data && data.workers.elsewhere.length > 0 && <Elsewhere steps={data.workers.elsewhere} />}
    </>
  );
}

function Queues({ queues }: { queues: Schemas["Queues"]["queues"] }) {
  return (
    <div class="card">
      <DataTable
        caption={texts.admin.queue}
        columns={[
          { label: texts.admin.queue },
          { label: texts.admin.due, numeric: true },
          { label: texts.admin.workersSeen, numeric: true },
        ]}
        rows={Object.entries(queues).map(([name, load]) => [
          texts.admin.queues[name] ?? name,
          count(load.due),
          count(load.workers),
        ])}
      />
    </div>
  );
}

function Workers({ items }: { items: readonly Schemas["WorkerBody"][] }) {
  if (items.length === 0) return <p class="notice">{texts.admin.noWorkers}</p>;
  return (
    <div class="card">
      <DataTable
        caption={texts.admin.parts.workers}
        columns={[
          { label: texts.admin.worker },
          { label: texts.admin.queue },
          { label: texts.admin.host },
          { label: texts.admin.runs },
        ]}
        rows={items.map((worker) => [
          worker.name,
          texts.admin.queues[worker.queue] ?? worker.queue,
          worker.host,
          worker.running.length === 0 ? (
            <span class="hint">{texts.admin.idle}</span>
          ) : (
            worker.running.map((step) => <Running key={step.step} step={step} />)
          ),
        ])}
      />
    </div>
  );
}

function Running({ step }: { step: Step }) {
  const what = step.kind ? nameKind(step.kind) : step.step;
  const seconds = (Date.now() - Date.parse(step.since)) / 1000;
  return (
    <div>
      {what}
      {step.client && ` · ${step.client}`} · {duration(seconds)}
      {step.progress && <Bar done={step.progress.done} total={step.progress.total} label={what} />}
    </div>
  );
}

function Elsewhere({ steps }: { steps: readonly Step[] }) {
  return (
    <section class="card" aria-labelledby="elsewhere">
      <h2 id="elsewhere">{texts.admin.elsewhere}</h2>
      <p class="hint">{texts.admin.elsewhereHint}</p>
      <ul>
        {steps.map((step) => (
          <li key={step.step}>
            {step.kind ? nameKind(step.kind) : step.step} · {texts.admin.since}{" "}
            <Time at={step.since} />
          </li>
        ))}
      </ul>
    </section>
  );
}

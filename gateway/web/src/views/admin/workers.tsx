/** Workers and queues: what is running where, looked at every five seconds. */
import { api, ok, type Schemas } from "../../api/client";
import { texts } from "../../texts";
import { useLoaded } from "../../ui/loaded";
import { count, duration } from "../../ui/numbers";
import { Bar, Loading, ProblemBox, Time } from "../../ui/parts";

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
    <div class="card scroll-x">
      <table>
        <thead>
          <tr>
            <th>{texts.admin.queue}</th>
            <th class="number">{texts.admin.due}</th>
            <th class="number">{texts.admin.workersSeen}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(queues).map(([name, load]) => (
            <tr key={name}>
              <td>{texts.admin.queues[name] ?? name}</td>
              <td class="number">{count(load.due)}</td>
              <td class="number">{count(load.workers)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Workers({ items }: { items: readonly Schemas["WorkerBody"][] }) {
  if (items.length === 0) return <p class="notice">{texts.admin.noWorkers}</p>;
  return (
    <div class="card scroll-x">
      <table>
        <thead>
          <tr>
            <th>{texts.admin.worker}</th>
            <th>{texts.admin.queue}</th>
            <th>{texts.admin.host}</th>
            <th>{texts.admin.runs}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((worker) => (
            <tr key={worker.name}>
              <td>{worker.name}</td>
              <td>{texts.admin.queues[worker.queue] ?? worker.queue}</td>
              <td>{worker.host}</td>
              <td>
                {worker.running.length === 0 && <span class="hint">{texts.admin.idle}</span>}
                {worker.running.map((step) => (
                  <Running key={step.step} step={step} />
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Running({ step }: { step: Step }) {
  const what = step.kind ? (texts.admin.kinds[step.kind] ?? step.kind) : step.step;
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
            {step.kind ? (texts.admin.kinds[step.kind] ?? step.kind) : step.step} ·{" "}
            {texts.admin.since} <Time at={step.since} />
          </li>
        ))}
      </ul>
    </section>
  );
}

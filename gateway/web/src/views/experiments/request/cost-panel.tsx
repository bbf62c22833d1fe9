/** What the request costs and what it can show, beside the form. */
import type { Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { bytes, count, number } from "../../../ui/numbers";
import { nameKind } from "../../../ui/steps";
import { DataTable } from "../../../ui/table";
import { byPlan } from "../names";
import type { Asked, Cost } from "./cost";
import { Detectable } from "./detectable";

interface CostProps {
  readonly asked: Asked;
  readonly wrong: boolean;
  readonly chosen: boolean;
}

export function CostPanel({ asked, wrong, chosen }: CostProps) {
  const { cost, busy } = asked;
  return (
    <section class="card" aria-label={texts.newExperiment.cost}>
      <h2>{texts.newExperiment.cost}</h2>
      <p class="hint" role="status">
        {waiting(asked, wrong, chosen)}
      </p>
      {cost && (
        <div aria-busy={busy}>
          <Room room={cost.room} />
          <Steps of={cost} />
          <Queues of={cost} />
          <SplitCounts spec={cost.spec} />
          <Detectable of={cost.detectable} reason={cost.detectable_reason} />
        </div>
      )}
    </section>
  );
}

function waiting({ busy, cost }: Asked, wrong: boolean, chosen: boolean): string {
  if (!chosen) return texts.newExperiment.costWaits;
  if (busy) return texts.newExperiment.costBusy;
  return wrong && !cost ? texts.newExperiment.costWrong : "";
}

function Room({ room }: { room: string | null }) {
  if (!room) return null;
  return (
    <div class="notice">
      <strong>{texts.newExperiment.room}</strong> {room}
    </div>
  );
}

function Steps({ of }: { of: Cost }) {
  const rows = byPlan(of.by_kind).map(([kind, { total, done, bytes: size, reason }]) => [
    nameKind(kind),
    count(total),
    count(done),
    <Size of={size} reason={reason} />,
  ]);
  const all = [
    texts.newExperiment.total,
    count(of.steps_total),
    count(of.steps_done),
    <Size of={of.bytes} reason={of.bytes_reason} />,
  ];
  return (
    <div class="cost-table">
      <DataTable
        caption={texts.newExperiment.kind}
        columns={[
          { label: texts.newExperiment.kind },
          { label: texts.newExperiment.count, numeric: true },
          { label: texts.newExperiment.done, numeric: true },
          { label: texts.newExperiment.bytes, numeric: true },
        ]}
        rows={[...rows, all]}
      />
      {of.bytes_reason && <p class="hint">{of.bytes_reason}</p>}
    </div>
  );
}

/** A size, or that it is not known; why stands in the title, and for the sum below the table. */
function Size({ of, reason }: { of: number | null; reason: string | null }) {
  const unknown = <span title={reason ?? undefined}>{texts.newExperiment.unmeasured}</span>;
  return of === null ? unknown : bytes(of);
}

function Queues({ of }: { of: Cost }) {
  return (
    <>
      <h3>{texts.newExperiment.byQueue}</h3>
      <dl class="facts">
        {Object.entries(of.by_queue).map(([queue, cost]) => (
          <div key={queue} class="fact">
            <dt>{texts.experiments.queues[queue] ?? queue}</dt>
            <dd>{sayHours(cost)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function sayHours({ device_hours: hours, reason }: Schemas["QueueCost"]): string {
  if (hours === null) return `${texts.newExperiment.unmeasured}: ${reason ?? ""}`;
  if (hours === 0) return texts.newExperiment.queueNothing;
  return texts.newExperiment.queueHours(number(hours, 2));
}

function SplitCounts({ spec }: { spec: Cost["spec"] }) {
  const { train, validation, test } = spec;
  return (
    <p class="split-counts">
      {texts.newExperiment.splitResult(train.length, validation.length, test.length)}
    </p>
  );
}

/** The smallest differences that the test cases and seeds can show, and where that comes from. */
import { href } from "../../../router";
import { texts } from "../../../texts";
import { number, percent } from "../../../ui/numbers";
import { DataTable } from "../../../ui/table";
import type { Cost } from "./cost";

type Margins = NonNullable<Cost["detectable"]>;

interface DetectableProps {
  readonly of: Cost["detectable"];
  readonly reason: string | null;
}

export function Detectable({ of, reason }: DetectableProps) {
  return (
    <>
      <h3>{texts.newExperiment.shows}</h3>
      {of ? <Shown of={of} /> : <p>{reason}</p>}
    </>
  );
}

function Shown({ of }: { of: Margins }) {
  const { cases, seeds, power, level, source, warnings } = of;
  return (
    <>
      <p>{texts.newExperiment.detectable(cases, seeds, percent(power), number(level))}</p>
      <MarginTable of={of} />
      {warnings.map(({ code, detail }) => (
        <p key={code} class="notice">
          {detail}
        </p>
      ))}
      <p class="hint">
        {texts.newExperiment.from} {source.detail}{" "}
        {source.experiment && (
          <a href={href(["experiments", source.experiment])}>{source.experiment.slice(0, 8)}</a>
        )}
      </p>
    </>
  );
}

function MarginTable({ of }: { of: Margins }) {
  const rows = [...Object.entries(of.regions), [texts.newExperiment.overall, of.overall] as const];
  return (
    <div class="cost-table">
      <DataTable
        caption={texts.newExperiment.shows}
        columns={[
          { label: texts.newExperiment.region },
          { label: texts.newExperiment.nonInferiority, numeric: true },
          { label: texts.newExperiment.equivalence, numeric: true },
        ]}
        rows={rows.map(([region, margins]) => [
          region,
          say(margins.non_inferiority),
          say(margins.equivalence),
        ])}
      />
    </div>
  );
}

function say(margin: number | null): string {
  return margin === null ? texts.newExperiment.cannot : number(margin, 2);
}

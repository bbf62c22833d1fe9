/** Differences from the first experiment, where the same cases were tested. */
import { useMemo } from "preact/hooks";
import { texts } from "../../texts";
import { number, alpha as writeAlpha } from "../../ui/numbers";
import { DataTable } from "../../ui/table";
import { ForestChart, type ForestSeries } from "../experiments/results/charts/forest";
import { estimateCells, toPoint } from "../experiments/results/charts/lines";
import { lookOfSide } from "../experiments/results/charts/looks";
import { Plate } from "../experiments/results/charts/parts";
import { groupBy } from "../experiments/results/data/group";
import { nameRegion, type Words } from "../experiments/results/data/origin";
import { SIDES } from "../experiments/results/data/types";
import { type Answer, type PairedRow, pairedRows } from "./data";

interface PairedProps {
  readonly answer: Answer;
  readonly names: ReadonlyMap<string, string>;
  readonly words: Words;
}

export function Paired({ answer, names, words }: PairedProps) {
  const rows = useMemo(() => pairedRows(answer), [answer]);
  const first = names.get(answer.experiments[0]?.id ?? "") ?? "";
  return (
    <section aria-labelledby="paired-title">
      <h2 id="paired-title">{texts.compare.paired}</h2>
      {rows.length === 0 && <p>{texts.compare.noPairs}</p>}
      <Unpaired rows={rows} names={names} words={words} />
      {[...groupBy(rows, (row) => row.experiment)].map(([experiment, own]) => (
        <Differences
          key={experiment}
          name={names.get(experiment) ?? experiment}
          first={first}
          rows={own}
          words={words}
        />
      ))}
    </section>
  );
}

interface RowsProps {
  readonly rows: readonly PairedRow[];
  readonly words: Words;
}

/** Why nothing is paired, said once for all α that share the reason. */
function Unpaired({ rows, names, words }: RowsProps & Pick<PairedProps, "names">) {
  const without = rows.filter((row) => row.reason !== null);
  const groups = groupBy(without, (row) => `${row.experiment} ${row.side} ${row.reason}`);
  if (without.length === 0) return null;
  const said = [...groups.values()].map((group) => {
    const [row] = group;
    if (!row) return "";
    const name = `${names.get(row.experiment)} ${texts.compare.pairedOn(sideName(row, words))}`;
    const alphas = texts.results.list(group.map((each) => writeAlpha(each.alpha)));
    return texts.compare.notThere(name, alphas, row.reason ?? "");
  });
  return (
    <div class="notice">
      <strong>{texts.compare.notPaired}</strong>
      <ul class="sentences">
        {said.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </div>
  );
}

function sideName(row: PairedRow, words: Words): string {
  return row.side === "real" ? words.realImages : texts.results.syntheticImages;
}

interface DifferencesProps extends RowsProps {
  readonly name: string;
  readonly first: string;
}

function Differences({ name, first, rows, words }: DifferencesProps) {
  const known = useMemo(() => rows.filter((row) => row.estimate !== null), [rows]);
  const series = useMemo(() => seriesOf(known, words), [known, words]);
  const labels = useMemo(() => [...new Set(known.map(rowLabel))], [known]);
  if (known.length === 0) return null;
  const columns = [
    { label: texts.results.alpha, numeric: true },
    { label: texts.results.side },
    { label: texts.results.region },
    { label: texts.results.difference, numeric: true },
    { label: texts.results.interval },
    { label: texts.results.cases, numeric: true },
  ];
  const cells = known.map((row) => [
    writeAlpha(row.alpha),
    sideName(row, words),
    row.region ?? texts.results.overall,
    ...estimateCells(row.estimate),
    number(row.cases),
  ]);
  return (
    <Plate
      title={name}
      says={texts.compare.pairedSay(first)}
      looks={series.map((one) => one.look)}
      table={<DataTable caption={name} columns={columns} rows={cells} />}
    >
      <ForestChart
        label={`${texts.compare.paired}: ${name}`}
        xLabel={texts.results.difference}
        rows={labels}
        series={series}
        zero
      />
    </Plate>
  );
}

function rowLabel(row: PairedRow): string {
  return `α ${writeAlpha(row.alpha)}, ${row.region ?? texts.results.mean}`;
}

function seriesOf(rows: readonly PairedRow[], words: Words): readonly ForestSeries[] {
  const sides = SIDES.filter((side) => rows.some((row) => row.side === side));
  return sides.map((side) => {
    const look = lookOfSide(side, words);
    const points = rows
      .filter((row) => row.side === side)
      .map((row) => {
        const region = row.region ? nameRegion(row.region) : texts.results.overall;
        const name = `${region}, ${look.label}`;
        const { alpha, estimate, cases } = row;
        return { ...toPoint({ alpha, name, estimate, cases }), row: rowLabel(row) };
      });
    return { look, points };
  });
}

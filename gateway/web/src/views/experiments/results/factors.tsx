/** T1 to T5 over α, on both test sets and for each region. */
import { useMemo, useState } from "preact/hooks";
import { texts } from "../../../texts";
import { number, alpha as writeAlpha } from "../../../ui/numbers";
import { DataTable } from "../../../ui/table";
import { estimateCells, toPoint } from "./charts/lines";
import { type Look, lookOfRegion, lookOfSide } from "./charts/looks";
import { Plate } from "./charts/parts";
import { RangeChart, type Series } from "./charts/range";
import { FACTORS, type FactorName, type FactorPoint, factorPoints, LIMITS } from "./data/factors";
import type { Words } from "./data/origin";
import { nameRegion } from "./data/origin";
import { chooseDomain, readRange } from "./data/range";
import { type AnyArm, type Results, regionsOf, SIDES } from "./data/types";

interface FactorsProps {
  readonly results: Results;
  readonly words: Words;
}

type Scoring = keyof typeof texts.results.scopesOfScoring;

export function Factors({ results, words }: FactorsProps) {
  const [scoring, setScoring] = useState<Scoring>("all");
  const choices = listScorings(results);
  const arms = choices[scoring] ?? results.alphas;
  return (
    <section aria-labelledby="factors-title">
      <h2 id="factors-title">{texts.results.factorsTitle}</h2>
      <label class="row result-choice">
        {texts.results.scored}
        <select
          value={scoring}
          onChange={(event) => setScoring(event.currentTarget.value as Scoring)}
        >
          {(Object.keys(choices) as Scoring[]).map((name) => (
            <option key={name} value={name}>
              {texts.results.scopesOfScoring[name]}
            </option>
          ))}
        </select>
      </label>
      {scoring === "unseen" &&
        results.unseen?.warnings.map((warning) => (
          <p key={warning.detail} class="notice">
            {warning.detail}
          </p>
        ))}
      {FACTORS.map((name) => (
        <Factor key={name} name={name} arms={arms} words={words} />
      ))}
    </section>
  );
}

function listScorings(results: Results): Partial<Record<Scoring, readonly AnyArm[]>> {
  return {
    all: results.alphas,
    ...(results.nested.length ? { nested: results.nested } : {}),
    ...(results.unseen?.alphas.length ? { unseen: results.unseen.alphas } : {}),
  };
}

interface FactorProps {
  readonly name: FactorName;
  readonly arms: readonly AnyArm[];
  readonly words: Words;
}

function Factor({ name, arms, words }: FactorProps) {
  const regions = regionsOf(arms);
  const points = useMemo(() => factorPoints(arms, name, regions), [arms, name]);
  const bySide = points.some((point) => point.side !== null);
  const byRegion = points.some((point) => point.region !== null);
  const said = texts.results.factors[name];
  const looks = bySide ? SIDES.map((side) => lookOfSide(side, words)) : regions.map(lookOfRegion);
  const notes = [said.says];
  if (points.some((point) => point.seeds.length > 0)) notes.push(texts.results.points);
  if (points.some(isOpen)) notes.push(texts.results.openEnds);
  return (
    <Plate
      title={said.name}
      says={notes.join(" ")}
      looks={looks}
      table={<FactorTable name={name} points={points} words={words} />}
    >
      <div class={byRegion ? "multiples" : undefined}>
        <Panels name={name} points={points} regions={byRegion ? regions : [null]} words={words} />
      </div>
    </Plate>
  );
}

function isOpen(point: FactorPoint): boolean {
  if (!point.estimate) return false;
  const range = readRange(point.estimate);
  return range.openLow || range.openHigh;
}

interface PanelsProps {
  readonly name: FactorName;
  readonly points: readonly FactorPoint[];
  readonly regions: readonly (string | null)[];
  readonly words: Words;
}

/** One small chart a region, all with the same axis. */
function Panels({ name, points, regions, words }: PanelsProps) {
  const domain = useMemo(() => domainOf(name, points), [name, points]);
  const panels = useMemo(
    () => regions.map((region) => ({ region, series: seriesOf(name, points, region, words) })),
    [name, points, words],
  );
  const factor = texts.results.factors[name].name;
  return (
    <>
      {panels.map(({ region, series }) => (
        <div key={region}>
          {region && <h4>{nameRegion(region)}</h4>}
          <RangeChart
            label={texts.results.overAlpha(
              region ? texts.results.panel(factor, nameRegion(region)) : factor,
            )}
            xLabel={region ? texts.results.alpha : texts.results.shareOf(words.real)}
            series={series}
            domain={domain}
          />
        </div>
      ))}
    </>
  );
}

function domainOf(name: FactorName, points: readonly FactorPoint[]): [number, number] {
  const ranges = points.map((point) => readRange(point.estimate ?? { value: null }));
  const others = points.flatMap((point) => [
    point.shuffled,
    ...point.seeds.map((each) => each.value),
  ]);
  return chooseDomain(ranges, others, LIMITS[name]);
}

function seriesOf(
  name: FactorName,
  points: readonly FactorPoint[],
  region: string | null,
  words: Words,
): readonly Series[] {
  const own = points.filter((point) => point.region === region);
  const sides = own.some((point) => point.side !== null) ? SIDES : [null];
  return sides.map((side) => {
    const look: Look = side ? lookOfSide(side, words) : lookOfRegion(region ?? "");
    return {
      look,
      points: own
        .filter((point) => point.side === side)
        .map((point) =>
          toPoint({
            alpha: point.alpha,
            name: `${name.toUpperCase()}, ${look.label}`,
            estimate: point.estimate,
            cases: point.cases,
            singles: point.seeds.flatMap((each) => (each.value === null ? [] : [each.value])),
            tick: point.shuffled,
          }),
        ),
    };
  });
}

interface FactorTableProps {
  readonly name: FactorName;
  readonly points: readonly FactorPoint[];
  readonly words: Words;
}

function FactorTable({ name, points, words }: FactorTableProps) {
  const { results } = texts;
  const has = {
    side: points.some((point) => point.side !== null),
    region: points.some((point) => point.region !== null),
    shuffled: points.some((point) => point.shuffled !== null),
    seeds: points.some((point) => point.seeds.length > 0),
  };
  const columns = [
    { label: results.alpha, numeric: true },
    ...(has.region ? [{ label: results.region }] : []),
    ...(has.side ? [{ label: results.side }] : []),
    { label: results.value, numeric: true },
    { label: results.interval },
    ...(has.shuffled ? [{ label: results.shuffled, numeric: true }] : []),
    ...(has.seeds ? [{ label: results.seedValues }] : []),
    { label: results.cases, numeric: true },
  ];
  const rows = points.map((point) => [
    writeAlpha(point.alpha),
    ...(has.region ? [point.region ?? ""] : []),
    ...(has.side ? [point.side === "real" ? words.real : results.synthetic] : []),
    ...estimateCells(point.estimate, point.reason),
    ...(has.shuffled ? [number(point.shuffled)] : []),
    ...(has.seeds ? [point.seeds.map((each) => number(each.value)).join(", ")] : []),
    number(point.cases),
  ]);
  return <DataTable caption={results.factors[name].name} columns={columns} rows={rows} />;
}

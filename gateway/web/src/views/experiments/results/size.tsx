/** Whether small regions score lower, and the factors of each fifth of the cases by volume. */
import { useMemo } from "preact/hooks";
import type { Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { count, number, alpha as writeAlpha } from "../../../ui/numbers";
import { DataTable } from "../../../ui/table";
import { estimateCells, toPoint } from "./charts/lines";
import { lookOfSide } from "./charts/looks";
import { Plate } from "./charts/parts";
import { RangeChart, type Series } from "./charts/range";
import { nameRegion, type Words } from "./data/origin";
import { chooseDomain } from "./data/range";
import { type Results, regionsOf, SIDES } from "./data/types";

interface SizeProps {
  readonly results: Results;
  readonly words: Words;
}

export function Size({ results, words }: SizeProps) {
  const { size, byVolume } = results;
  return (
    <section aria-labelledby="size-title">
      <h2 id="size-title">{texts.results.sizeTitle}</h2>
      {size.length > 0 && (
        <Correlations size={size} regions={regionsOf(results.alphas)} words={words} />
      )}
      {byVolume?.reason && <p>{texts.results.byVolumeNone(byVolume.reason)}</p>}
      {byVolume && byVolume.alphas.length > 0 && <ByVolume found={byVolume} words={words} />}
    </section>
  );
}

interface CorrelationsProps {
  readonly size: Results["size"];
  readonly regions: readonly string[];
  readonly words: Words;
}

function Correlations({ size, regions, words }: CorrelationsProps) {
  const panels = useMemo(
    () => regions.map((region) => ({ region, series: seriesOf(size, region, words) })),
    [size, words],
  );
  const domain = useMemo(() => {
    const points = panels.flatMap((panel) => panel.series.flatMap((one) => one.points));
    return chooseDomain(points, [0], { min: -1, max: 1 });
  }, [panels]);
  return (
    <Plate
      title={texts.results.sizePlate}
      says={texts.results.sizeSays}
      looks={SIDES.map((side) => lookOfSide(side, words))}
      table={<SizeTable size={size} regions={regions} words={words} />}
    >
      <div class="multiples">
        {panels.map(({ region, series }) => (
          <div key={region}>
            <h4>{nameRegion(region)}</h4>
            <RangeChart
              label={texts.results.panel(texts.results.sizeTitle, nameRegion(region))}
              xLabel={texts.results.alpha}
              series={series}
              domain={domain}
              zero
            />
          </div>
        ))}
      </div>
    </Plate>
  );
}

function seriesOf(size: Results["size"], region: string, words: Words): readonly Series[] {
  return SIDES.map((side) => {
    const look = lookOfSide(side, words);
    const points = size.flatMap((arm) => {
      const found = arm[side][region];
      if (!found) return [];
      return [toPoint({ alpha: arm.alpha, name: look.label, estimate: found, cases: found.cases })];
    });
    return { look, points };
  });
}

function SizeTable({ size, regions, words }: CorrelationsProps) {
  const { results } = texts;
  const rows = size.flatMap((arm) =>
    regions.flatMap((region) =>
      SIDES.flatMap((side) => {
        const found = arm[side][region];
        if (!found) return [];
        const name = side === "real" ? words.real : results.synthetic;
        return [[writeAlpha(arm.alpha), region, name, ...estimateCells(found), count(found.cases)]];
      }),
    ),
  );
  const columns = [
    { label: results.alpha, numeric: true },
    { label: results.region },
    { label: results.side },
    { label: results.value, numeric: true },
    { label: results.interval },
    { label: results.cases, numeric: true },
  ];
  return <DataTable caption={results.sizeTitle} columns={columns} rows={rows} />;
}

function ByVolume({ found, words }: { found: Schemas["VolumeQuintiles"]; words: Words }) {
  const { results } = texts;
  const rows = found.alphas.flatMap((arm) =>
    Object.entries(arm.groups).map(([group, own]) => [
      writeAlpha(arm.alpha),
      group,
      number(own.factors?.t1.real.value),
      number(own.factors?.t1.synthetic.value),
      count(own.cases),
      own.reason ?? "",
    ]),
  );
  const columns = [
    { label: results.alpha, numeric: true },
    { label: results.group },
    { label: results.t1On(words.realImages), numeric: true },
    { label: results.t1On(results.syntheticImages), numeric: true },
    { label: results.cases, numeric: true },
    { label: results.why },
  ];
  return (
    <Plate title={results.byVolume}>
      <DataTable caption={results.byVolume} columns={columns} rows={rows} />
    </Plate>
  );
}

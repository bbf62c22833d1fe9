/** T3 and T4 beside what a second twin, and another training, give already. */
import { useMemo } from "preact/hooks";
import type { Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { alpha as writeAlpha } from "../../../ui/numbers";
import { DataTable } from "../../../ui/table";
import { estimateCells, toPoint } from "./charts/lines";
import { type Look, lookOfRegion } from "./charts/looks";
import { Plate } from "./charts/parts";
import { RangeChart, type Series } from "./charts/range";
import { LIMITS } from "./data/factors";
import { nameRegion } from "./data/origin";
import { chooseDomain } from "./data/range";
import { type Estimate, isThere, type Results, regionsOf } from "./data/types";

type Factor = "t3" | "t4";
type Kind = keyof typeof texts.results.floorNames;

const LOOKS: Readonly<
  Record<"twins" | "seeds", Pick<Look, "colour" | "symbol" | "dash" | "hollow">>
> = {
  twins: { colour: "var(--synthetic)", symbol: "square", dash: "5 3", hollow: true },
  seeds: { colour: "var(--faint)", symbol: "triangle", dash: "2 3", hollow: true },
};

interface FloorRow {
  readonly alpha: number;
  readonly region: string;
  readonly kind: Kind;
  readonly estimate: Estimate | null;
}

export function Floors({ results }: { results: Results }) {
  const { floors } = results;
  const reasons = (["twins", "seeds"] as const).flatMap((kind) => {
    const reason = floors?.[kind].reason;
    return reason ? [texts.results.floorMissing(texts.results.floorNames[kind], reason)] : [];
  });
  const any = floors && (floors.twins.alphas.length > 0 || floors.seeds.alphas.length > 0);
  return (
    <section aria-labelledby="floors-title">
      <h2 id="floors-title">{texts.results.floorsTitle}</h2>
      {reasons.map((reason) => (
        <p key={reason}>{reason}</p>
      ))}
      {any && (
        <>
          <FloorPlate results={results} floors={floors} factor="t3" />
          <FloorPlate results={results} floors={floors} factor="t4" />
        </>
      )}
    </section>
  );
}

interface FloorPlateProps {
  readonly results: Results;
  readonly floors: Schemas["NoiseFloors"];
  readonly factor: Factor;
}

function FloorPlate({ results, floors, factor }: FloorPlateProps) {
  const regions = regionsOf(results.alphas);
  const rows = useMemo(() => floorRows(results, floors, factor), [results, floors, factor]);
  const panels = useMemo(
    () => regions.map((region) => ({ region, series: seriesOf(rows, region) })),
    [rows],
  );
  const domain = useMemo(() => {
    const points = panels.flatMap((panel) => panel.series.flatMap((one) => one.points));
    return chooseDomain(points, [], LIMITS[factor]);
  }, [panels]);
  const columns = [
    { label: texts.results.alpha, numeric: true },
    { label: texts.results.region },
    { label: texts.results.quantity },
    { label: texts.results.value, numeric: true },
    { label: texts.results.interval },
  ];
  const cells = rows.map((row) => [
    writeAlpha(row.alpha),
    row.region,
    texts.results.floorNames[row.kind],
    ...estimateCells(row.estimate),
  ]);
  const title = texts.results.factors[factor].name;
  const looks = (["twins", "seeds"] as const).filter((kind) => floors[kind].alphas.length > 0);
  return (
    <Plate
      title={title}
      says={texts.results.floorsSay(factor.toUpperCase())}
      looks={looks.map(lookOfFloor)}
      table={<DataTable caption={title} columns={columns} rows={cells} />}
    >
      <div class="multiples">
        {panels.map(({ region, series }) => (
          <div key={region}>
            <h4>{nameRegion(region)}</h4>
            <RangeChart
              label={texts.results.panel(title, nameRegion(region))}
              xLabel={texts.results.alpha}
              series={series}
              domain={domain}
            />
          </div>
        ))}
      </div>
    </Plate>
  );
}

function lookOfFloor(kind: "twins" | "seeds"): Look {
  return { key: kind, label: texts.results.floorNames[kind], ...LOOKS[kind] };
}

function floorRows(results: Results, floors: Schemas["NoiseFloors"], factor: Factor): FloorRow[] {
  const own = results.alphas
    .filter(isThere)
    .flatMap((arm) =>
      Object.entries(arm.trust.factors[factor]).map(
        ([region, estimate]): FloorRow => ({ alpha: arm.alpha, region, kind: "factor", estimate }),
      ),
    );
  const measured = (["twins", "seeds"] as const).flatMap((kind) =>
    floors[kind].alphas.flatMap((arm) =>
      Object.entries(arm[factor]).map(
        ([region, estimate]): FloorRow => ({ alpha: arm.alpha, region, kind, estimate }),
      ),
    ),
  );
  return [...own, ...measured];
}

function seriesOf(rows: readonly FloorRow[], region: string): readonly Series[] {
  const kinds = (["factor", "twins", "seeds"] as const).filter((kind) =>
    rows.some((row) => row.kind === kind),
  );
  return kinds.map((kind) => ({
    look: kind === "factor" ? lookOfRegion(region) : lookOfFloor(kind),
    points: rows
      .filter((row) => row.kind === kind && row.region === region)
      .map(({ alpha, estimate }) =>
        toPoint({ alpha, name: texts.results.floorNames[kind], estimate }),
      ),
  }));
}

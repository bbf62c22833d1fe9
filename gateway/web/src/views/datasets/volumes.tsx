/** How large the regions of the tumours are over all cases: a small histogram and its numbers. */
import * as Plot from "@observablehq/plot";
import { useCallback, useMemo } from "preact/hooks";
import { texts } from "../../texts";
import { count, fixed } from "../../ui/numbers";
import { Chart, COLOURS } from "../../ui/plot";
import { DataTable } from "../../ui/table";
import { quantiles } from "./quantiles";
import { type Case, REGIONS, type Region } from "./sorting";

export function Volumes({ cases }: { cases: readonly Case[] }) {
  const measured = cases.filter((each) => each.state === "ready" && each.region_volumes_ml);
  const volumes = useMemo(() => volumesOf(measured), [cases]);
  if (measured.length === 0) return null;
  return (
    <section aria-labelledby="volumes-title">
      <h2 id="volumes-title">{texts.datasets.volumes}</h2>
      <p class="hint">{texts.datasets.volumesHint}</p>
      <div class="histograms">
        {REGIONS.map((region) => (
          <Histogram key={region} region={region} values={volumes[region]} />
        ))}
      </div>
      <VolumeTable volumes={volumes} />
    </section>
  );
}

type VolumesByRegion = Readonly<Record<Region, readonly number[]>>;

function volumesOf(cases: readonly Case[]): VolumesByRegion {
  const of = (region: Region) => cases.flatMap((each) => each.region_volumes_ml?.[region] ?? []);
  return { ET: of("ET"), ED: of("ED"), NCR: of("NCR") };
}

function Histogram({ region, values }: { region: Region; values: readonly number[] }) {
  const options = useCallback(
    () => ({
      marginLeft: 36,
      x: { label: texts.datasets.millilitres, ticks: 4 },
      y: { label: texts.datasets.caseCount, ticks: 3, grid: true, tickFormat: whole },
      marks: [
        Plot.rectY(values, {
          ...Plot.binX({ y: "count" }, { x: (value: number) => value, thresholds: 20 }),
          fill: COLOURS[region],
        }),
        Plot.ruleY([0]),
      ],
    }),
    [region, values],
  );
  return (
    <figure class="histogram">
      <figcaption>
        {region} <span class="hint">{texts.datasets.regions[region]}</span>
      </figcaption>
      <Chart label={texts.datasets.volumesOf(region)} height={130} options={options} />
    </figure>
  );
}

/** Cases are counted in whole numbers; a tick between them has none. */
function whole(cases: number): string {
  return Number.isInteger(cases) ? count(cases) : "";
}

function VolumeTable({ volumes }: { volumes: VolumesByRegion }) {
  const { datasets } = texts;
  const heads = [
    datasets.present,
    datasets.lowest,
    datasets.quartile1,
    datasets.median,
    datasets.quartile3,
    datasets.highest,
  ];
  return (
    <DataTable
      caption={datasets.volumeTable}
      columns={[{ label: datasets.region }, ...heads.map((label) => ({ label, numeric: true }))]}
      rows={REGIONS.map((region) => [
        region,
        count(volumes[region].filter((value) => value > 0).length),
        ...quantiles(volumes[region]).map((value) => fixed(value, 1)),
      ])}
    />
  );
}

/** Dice on the synthetic image of a case over Dice on its other one; a point opens the case. */
import type { PlotOptions } from "@observablehq/plot";
import * as Plot from "@observablehq/plot";
import { useCallback, useMemo } from "preact/hooks";
import { href } from "../../../../router";
import { texts } from "../../../../texts";
import { fixed } from "../../../../ui/numbers";
import { Chart } from "../../../../ui/plot";
import { lookOfRegion, tipOptions } from "../charts/looks";
import type { CaseRow } from "../data/cases";
import { nameRegion, type Words } from "../data/origin";

export function caseAddress(experiment: string, caseId: string): string {
  return href(["viewer", experiment, caseId]);
}

interface ScatterProps {
  readonly experiment: string;
  readonly rows: readonly CaseRow[];
  readonly regions: readonly string[];
  readonly words: Words;
}

export function Scatter({ experiment, rows, regions, words }: ScatterProps) {
  return (
    <div class="card multiples">
      {regions.map((region) => (
        <RegionScatter
          key={region}
          experiment={experiment}
          rows={rows}
          region={region}
          words={words}
        />
      ))}
    </div>
  );
}

interface Point {
  readonly id: string;
  readonly real: number;
  readonly synthetic: number;
  readonly said: string;
}

interface RegionProps extends Omit<ScatterProps, "regions"> {
  readonly region: string;
}

function RegionScatter({ experiment, rows, region, words }: RegionProps) {
  const points = useMemo(() => toPoints(rows, region, words), [rows, region, words]);
  const options = useCallback(
    (width: number) => drawing(points, region, words, experiment, width),
    [points, region, words, experiment],
  );
  const without = rows.length - points.length;
  return (
    <div>
      <h3>{nameRegion(region)}</h3>
      <Chart
        label={texts.results.panel(texts.results.casesList, nameRegion(region))}
        height={280}
        options={options}
        links
      />
      {without > 0 && (
        <p class="hint">{texts.results.emptyDice(texts.common.cases(without), region)}</p>
      )}
    </div>
  );
}

function toPoints(rows: readonly CaseRow[], region: string, words: Words): readonly Point[] {
  return rows.flatMap(({ id, regions }) => {
    const pair = regions[region];
    if (!pair || pair.real === null || pair.synthetic === null) return [];
    const { real, synthetic } = pair;
    const said = texts.results.pointOf(id, region, fixed(real), words.real, fixed(synthetic));
    return [{ id, real, synthetic, said }];
  });
}

function drawing(
  points: readonly Point[],
  region: string,
  words: Words,
  experiment: string,
  width: number,
): PlotOptions {
  const look = lookOfRegion(region);
  const lowest = Math.min(1, ...points.flatMap((point) => [point.real, point.synthetic]));
  const domain: [number, number] = [Math.max(0, Math.floor(lowest * 20 - 0.5) / 20), 1];
  const ticks = width < 400 ? 3 : 5;
  return {
    marginLeft: 52,
    marginBottom: 40,
    x: { domain, nice: false, ticks, label: texts.results.diceOn("Dice", words.real), grid: true },
    y: { domain, ticks, label: texts.results.diceOn("Dice", texts.results.synthetic), grid: true },
    marks: [
      Plot.line(
        [
          [domain[0], domain[0]],
          [1, 1],
        ],
        { stroke: "var(--line-strong)", strokeDasharray: "4 3" },
      ),
      Plot.dot(points, {
        x: "real",
        y: "synthetic",
        r: 4,
        symbol: look.symbol,
        stroke: look.colour,
        fill: look.colour,
        fillOpacity: 0.35,
        href: (point: Point) => caseAddress(experiment, point.id),
        ariaLabel: "said",
        title: "said",
        tip: tipOptions("xy", width),
      }),
    ],
  };
}

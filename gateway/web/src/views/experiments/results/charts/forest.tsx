/** Values with intervals, one below the other: a row a thing, a marker a series. */
import type { Markish, PlotOptions } from "@observablehq/plot";
import * as Plot from "@observablehq/plot";
import { useCallback } from "preact/hooks";
import { number } from "../../../../ui/numbers";
import { Chart } from "../../../../ui/plot";
import { type Look, tipOptions } from "./looks";

export interface ForestPoint {
  /** The row that it stands in. */
  readonly row: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly title: string;
}

export interface ForestSeries {
  readonly look: Look;
  readonly points: readonly ForestPoint[];
}

interface ForestProps {
  readonly label: string;
  readonly xLabel: string;
  readonly rows: readonly string[];
  readonly series: readonly ForestSeries[];
  readonly zero?: boolean;
}

const APART_PX = 9;

export function ForestChart({ label, xLabel, rows, series, zero }: ForestProps) {
  const options = useCallback(
    (width: number): PlotOptions => ({
      marginLeft: Math.min(width * 0.4, 24 + 6.6 * Math.max(...rows.map((row) => row.length), 0)),
      marginBottom: 38,
      x: { label: xLabel, grid: true, nice: true, ticks: width < 400 ? 3 : 7, tickFormat: number_ },
      y: { domain: [...rows], label: null },
      marks: [
        ...(zero ? [Plot.ruleX([0], { stroke: "var(--line-strong)", ariaHidden: "true" })] : []),
        ...series.flatMap((one, at) => draw(one, (at - (series.length - 1) / 2) * APART_PX, width)),
      ],
    }),
    [xLabel, rows, series, zero],
  );
  const height = 60 + rows.length * Math.max(28, (series.length + 1) * APART_PX);
  return <Chart label={label} height={height} options={options} />;
}

const number_ = (x: number) => number(x);

function draw({ look, points }: ForestSeries, dy: number, width: number): Markish[] {
  const stroke = look.colour;
  const known = points.filter((point) => point.value !== null);
  const ranged = known.filter((point) => point.low !== null && point.high !== null);
  return [
    Plot.link(ranged, { x1: "low", x2: "high", y: "row", dy, stroke, strokeWidth: 1.5 }),
    Plot.dot(known, {
      x: "value",
      y: "row",
      dy,
      r: 3.6,
      symbol: look.symbol,
      stroke,
      strokeWidth: 1.5,
      fill: look.hollow ? "var(--paper)" : stroke,
      title: "title",
      tip: tipOptions("y", width),
    }),
  ];
}

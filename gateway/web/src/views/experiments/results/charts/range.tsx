/** Values with intervals over α: a line a series, an error bar a value, an arrow an open end. */
import type { Markish, PlotOptions } from "@observablehq/plot";
import * as Plot from "@observablehq/plot";
import { useCallback } from "preact/hooks";
import { number, alpha as writeAlpha } from "../../../../ui/numbers";
import { Chart } from "../../../../ui/plot";
import { arrowEnd, type Range } from "../data/range";
import { type Look, tipOptions } from "./looks";

export interface RangePoint extends Range {
  readonly x: number;
  /** What is said where the pointer is. */
  readonly title: string;
  /** Single values behind it, as one of each training. */
  readonly singles?: readonly number[];
  /** A value to compare with, drawn as a tick. */
  readonly tick?: number | null;
}

export interface Series {
  readonly look: Look;
  readonly points: readonly RangePoint[];
}

interface RangeChartProps {
  readonly label: string;
  readonly xLabel: string;
  readonly yLabel?: string;
  readonly series: readonly Series[];
  readonly domain: readonly [number, number];
  /** A band from minus to plus this around 0, with a line at 0. */
  readonly margin?: number;
  readonly zero?: boolean;
  readonly height?: number;
}

const APART_PX = 8; // series at one α stand beside each other, so that error bars do not hide

export function RangeChart(props: RangeChartProps) {
  const { label, xLabel, yLabel, series, domain, margin, zero, height } = props;
  const options = useCallback(
    (width: number): PlotOptions => ({
      marginLeft: 52,
      marginBottom: 38,
      marginRight: 12,
      x: xScale(series, xLabel, width),
      y: {
        domain: [...domain],
        label: yLabel ?? null,
        grid: true,
        ticks: 5,
        tickFormat: (y: number) => number(y),
      },
      marks: [
        ...(margin === undefined ? [] : [marginBand(margin, domain)]),
        ...(zero || margin !== undefined ? [zeroLine()] : []),
        ...series.flatMap((one, at) =>
          draw(one, (at - (series.length - 1) / 2) * APART_PX, domain, width),
        ),
      ],
    }),
    [series, xLabel, yLabel, domain, margin, zero],
  );
  return <Chart label={label} height={height ?? 240} options={options} />;
}

function xScale(series: readonly Series[], label: string, width: number): PlotOptions["x"] {
  const places = [...new Set(series.flatMap((one) => one.points.map((point) => point.x)))];
  const xs = places.toSorted((a, b) => a - b);
  const every = Math.max(1, Math.ceil((xs.length * 34) / Math.max(width - 64, 34)));
  const ticks = xs.filter((_, at) => at % every === 0);
  return { domain: [-0.08, 1.08], ticks, tickFormat: (x: number) => writeAlpha(x), label };
}

function marginBand(margin: number, [low, high]: readonly [number, number]): Markish {
  const y1 = Math.max(-margin, low);
  return Plot.rectY([0], { x1: -0.08, x2: 1.08, y1, y2: Math.min(margin, high), ...BAND });
}

const BAND = { fill: "var(--idle-ground)", ariaHidden: "true" } as const;

function zeroLine(): Markish {
  return Plot.ruleY([0], { stroke: "var(--line-strong)", ariaHidden: "true" });
}

function draw(
  { look, points }: Series,
  dx: number,
  domain: readonly [number, number],
  width: number,
): Markish[] {
  const pixel = 1.16 / (width - 64); // in units of α
  const stroke = look.colour;
  const known = points.filter((point) => point.value !== null);
  return [
    Plot.line(points, {
      x: "x",
      y: (point: RangePoint) => point.value ?? Number.NaN, // no line crosses what is missing
      dx,
      stroke,
      strokeWidth: 1.4,
      strokeOpacity: 0.7,
      ...(look.dash ? { strokeDasharray: look.dash } : {}),
    }),
    Plot.ruleX(known, { x: "x", y1: solidLow, y2: solidHigh, dx, stroke, strokeWidth: 1.5 }),
    crossBar(known, "low", 4 * pixel, dx, stroke),
    crossBar(known, "high", 4 * pixel, dx, stroke),
    crossBar(known, "tick", 7 * pixel, dx, "var(--line-strong)"),
    openEnds(known, dx, stroke, domain),
    Plot.dot(
      known.flatMap((point) => (point.singles ?? []).map((y) => ({ x: point.x, y }))),
      { x: "x", y: "y", dx: dx + (dx < 0 ? -8 : 8), r: 2.2, fill: stroke, fillOpacity: 0.6 },
    ),
    Plot.dot(known, {
      x: "x",
      y: "value",
      dx,
      r: 4,
      symbol: look.symbol,
      stroke,
      strokeWidth: 1.6,
      fill: look.hollow ? "var(--paper)" : stroke,
      title: "title",
      tip: tipOptions("x", width),
    }),
  ];
}

const solidLow = (point: RangePoint) => point.low ?? point.value ?? Number.NaN;
const solidHigh = (point: RangePoint) => point.high ?? point.value ?? Number.NaN;

function crossBar(
  points: readonly RangePoint[],
  at: "low" | "high" | "tick",
  half: number,
  dx: number,
  stroke: string,
): Markish {
  return Plot.ruleY(
    points.filter((point) => typeof point[at] === "number"),
    {
      y: at,
      x1: (point: RangePoint) => point.x - half,
      x2: (point: RangePoint) => point.x + half,
      dx,
      stroke,
      strokeWidth: at === "tick" ? 2.5 : 1.5,
    },
  );
}

/** An arrow from the value to where the axis still has room. */
function openEnds(
  points: readonly RangePoint[],
  dx: number,
  stroke: string,
  domain: readonly [number, number],
): Markish {
  return Plot.arrow(
    points.filter((point) => point.openLow || point.openHigh),
    {
      x1: "x",
      x2: "x",
      y1: "value",
      y2: (point: RangePoint) => arrowEnd(point, domain),
      dx,
      stroke,
      strokeWidth: 1.5,
      headLength: 6,
      strokeLinecap: "round",
    },
  );
}

/** The curves of a training: its loss, and the Dice of its validation cases. Tables stand behind. */
import * as Plot from "@observablehq/plot";
import { useCallback } from "preact/hooks";
import { texts } from "../../texts";
import { count, number } from "../../ui/numbers";
import { Chart, COLOURS } from "../../ui/plot";
import { type Column, DataTable } from "../../ui/table";
import { type DicePoint, type LossPoint, REGIONS } from "./points";
import "./training.css";

interface CurvesProps {
  readonly loss: readonly LossPoint[];
  readonly dice: readonly DicePoint[];
  /** How many iterations it will have at its end, while it goes on. */
  readonly iterations?: number;
}

export function Curves({ loss, dice, iterations }: CurvesProps) {
  return (
    <div class="grid-2">
      {loss.length > 0 && <Loss points={loss} iterations={iterations} />}
      {dice.length > 0 && <Dice points={dice} iterations={iterations} />}
    </div>
  );
}

interface CurveProps<Point> {
  readonly points: readonly Point[];
  readonly iterations: number | undefined;
}

function Loss({ points, iterations }: CurveProps<LossPoint>) {
  const options = useCallback(
    () => ({
      x: xAxis(iterations),
      y: { label: texts.training.loss, grid: true, zero: true },
      marks: [
        Plot.lineY(points, { x: "iteration", y: "loss", stroke: "var(--accent)" }),
        Plot.dot(points.slice(-1), { x: "iteration", y: "loss", fill: "var(--accent)" }),
        Plot.tip(points, Plot.pointerX({ x: "iteration", y: "loss", fill: "var(--paper)" })),
      ],
    }),
    [points, iterations],
  );
  return (
    <div>
      <h3>{texts.training.loss}</h3>
      <Chart label={texts.training.lossChart} options={options} />
      <Behind
        caption={texts.training.loss}
        columns={[
          { label: texts.training.iteration, numeric: true },
          { label: texts.training.loss, numeric: true },
        ]}
        rows={points.map(({ iteration, loss }) => [count(iteration), number(loss, 4)])}
      />
    </div>
  );
}

function Dice({ points, iterations }: CurveProps<DicePoint>) {
  const options = useCallback(
    () => ({
      x: xAxis(iterations),
      y: { label: texts.training.dice, grid: true, domain: [0, 1] },
      color: { domain: [...REGIONS], range: REGIONS.map((region) => COLOURS[region]) },
      marks: [...LINES.map((image) => lineOf(points, image)), pointsOf(points)],
    }),
    [points, iterations],
  );
  return (
    <div>
      <h3>{texts.training.dice}</h3>
      <p class="hint">
        {REGIONS.map((region) => (
          <span key={region} class="training-region" style={{ color: COLOURS[region] }}>
            {region}
          </span>
        ))}
        {texts.training.lines}
      </p>
      <Chart label={texts.training.diceChart} options={options} />
      <Behind
        caption={texts.training.dice}
        columns={[
          { label: texts.training.iteration, numeric: true },
          { label: texts.training.images },
          { label: texts.training.region },
          { label: texts.training.dice, numeric: true },
        ]}
        rows={points.map(({ iteration, image, region, dice }) => [
          count(iteration),
          texts.training.image[image],
          region,
          number(dice),
        ])}
      />
    </div>
  );
}

const LINES = ["real", "twin"] as const;

function lineOf(points: readonly DicePoint[], image: DicePoint["image"]): Plot.Line {
  const own = points.filter((point) => point.image === image);
  const strokeDasharray = image === "twin" ? "5 3" : "none";
  return Plot.line(own, { x: "iteration", y: "dice", stroke: "region", strokeDasharray });
}

function pointsOf(points: readonly DicePoint[]): Plot.Dot {
  return Plot.dot(points, {
    x: "iteration",
    y: "dice",
    stroke: "region",
    title: ({ region, image, iteration, dice }: DicePoint) =>
      texts.training.point(region, texts.training.image[image], iteration, number(dice)),
    tip: true,
  });
}

function xAxis(iterations: number | undefined) {
  const label = texts.training.iteration;
  return iterations === undefined ? { label } : { label, domain: [0, iterations] };
}

interface BehindProps {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

/** The numbers behind a chart. */
function Behind(props: BehindProps) {
  return (
    <details class="training-table">
      <summary>{texts.common.table}</summary>
      <DataTable {...props} />
    </details>
  );
}

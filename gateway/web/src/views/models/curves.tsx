/** How a training went: the loss, and for a segmenter its validation Dice. A table stands behind. */
import * as Plot from "@observablehq/plot";
import { useCallback, useMemo } from "preact/hooks";
import { texts } from "../../texts";
import { count, duration, number } from "../../ui/numbers";
import { Chart, COLOURS } from "../../ui/plot";
import { type DicePoint, diceOf, type LossPoint, lossOf } from "./points";
import type { Model } from "./read";

const REGIONS = ["ET", "ED", "NCR"] as const;

export function Curves({ model }: { model: Model }) {
  const loss = useMemo(() => lossOf(model), [model]);
  const dice = useMemo(() => diceOf(model, REGIONS), [model]);
  if (loss.length === 0 && dice.length === 0) return null;
  return (
    <section class="card">
      <h2>{texts.models.curves}</h2>
      {model.kind === "segmenter" && (
        <p>
          {texts.models.took(
            count(model.history.iterations),
            count(model.history.samples),
            duration(model.history.seconds),
          )}
        </p>
      )}
      <div class="grid-2">
        {loss.length > 0 && <Loss points={loss} />}
        {dice.length > 0 && <Dice points={dice} />}
      </div>
    </section>
  );
}

function Loss({ points }: { points: readonly LossPoint[] }) {
  const options = useCallback(
    () => ({
      x: { label: texts.models.iteration },
      y: { label: texts.models.loss, grid: true },
      marks: [
        Plot.lineY(points, { x: "iteration", y: "loss", stroke: "var(--accent)" }),
        Plot.tip(points, Plot.pointerX({ x: "iteration", y: "loss" })),
      ],
    }),
    [points],
  );
  return (
    <div>
      <h3>{texts.models.loss}</h3>
      <Chart label={texts.models.lossChart} options={options} />
      <Table
        label={texts.models.loss}
        head={[texts.models.iteration, texts.models.loss]}
        rows={points.map(({ iteration, loss }) => [count(iteration), number(loss, 4)])}
      />
    </div>
  );
}

function Dice({ points }: { points: readonly DicePoint[] }) {
  const options = useCallback(
    () => ({
      x: { label: texts.models.iteration },
      y: { label: texts.models.dice, grid: true, domain: [0, 1] },
      color: {
        domain: [...REGIONS],
        range: REGIONS.map((region) => COLOURS[region]),
        legend: false,
      },
      marks: [
        ...(["real", "twin"] as const).map((image) =>
          Plot.line(
            points.filter((point) => point.image === image),
            {
              x: "iteration",
              y: "dice",
              stroke: "region",
              strokeDasharray: image === "twin" ? "5 3" : "none",
            },
          ),
        ),
        Plot.dot(points, {
          x: "iteration",
          y: "dice",
          stroke: "region",
          title: ({ region, image, iteration, dice }: DicePoint) =>
            texts.models.dicePoint(region, texts.models.images[image], iteration, number(dice)),
          tip: true,
        }),
      ],
    }),
    [points],
  );
  return (
    <div>
      <h3>{texts.models.dice}</h3>
      <p class="hint">
        {REGIONS.map((region) => (
          <span key={region} class="model-region" style={{ color: COLOURS[region] }}>
            {region}
          </span>
        ))}
        {texts.models.diceLines}
      </p>
      <Chart label={texts.models.diceChart} options={options} />
      <Table
        label={texts.models.dice}
        head={[texts.models.iteration, texts.models.images.label, "", texts.models.dice]}
        rows={points.map(({ iteration, image, region, dice }) => [
          count(iteration),
          texts.models.images[image],
          region,
          number(dice, 3),
        ])}
      />
    </div>
  );
}

interface TableProps {
  readonly label: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function Table({ label, head, rows }: TableProps) {
  return (
    <details>
      <summary>{texts.common.table}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="scroll-x model-table" aria-label={label} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {head.map((name) => (
                <th key={name} scope="col">
                  {name || texts.models.region}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.join(" ")}>
                {row.map((cell, at) => (
                  <td key={head[at]}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

/** The curves of one training: its loss, and the mean Dice of its validation cases. */
import * as Plot from "@observablehq/plot";
import { useCallback } from "preact/hooks";
import { texts } from "../../../texts";
import { count, number } from "../../../ui/numbers";
import { Chart, COLOURS } from "../../../ui/plot";
import type { TrainingBody } from "./training";

type History = NonNullable<TrainingBody["history"]>;
const REGIONS = ["ET", "ED", "NCR"] as const;

export function Curves({ of }: { of: TrainingBody }) {
  const { history } = of;
  if (!history) return null;
  return (
    <div class="grid-2">
      <Loss of={history} iterations={of.iterations} />
      {history.validation.length > 0 && <Dice of={history} iterations={of.iterations} />}
    </div>
  );
}

interface CurveProps {
  readonly of: History;
  readonly iterations: number;
}

function Loss({ of, iterations }: CurveProps) {
  const points = of.iteration.map((at, index) => ({ at, loss: of.loss[index] ?? null }));
  const last = of.iteration.at(-1) ?? 0;
  const options = useCallback(
    () => ({
      x: { label: texts.experiment.iteration, domain: [0, iterations] },
      y: { label: texts.experiment.loss, grid: true, zero: true },
      marks: [
        Plot.lineY(points, { x: "at", y: "loss", stroke: "var(--accent)" }),
        Plot.dot(points.slice(-1), { x: "at", y: "loss", fill: "var(--accent)" }),
        Plot.tip(points, Plot.pointerX({ x: "at", y: "loss", fill: "var(--paper)" })),
      ],
    }),
    [last, of.iterations, iterations],
  );
  return (
    <div>
      <h3>{texts.experiment.loss}</h3>
      <Chart label={texts.experiment.loss} height={220} options={options} />
      <Table head={[texts.experiment.iteration, texts.experiment.loss]}>
        {points.map(({ at, loss }) => [count(at), number(loss)])}
      </Table>
    </div>
  );
}

function Dice({ of, iterations }: CurveProps) {
  const points = of.validation.flatMap(({ iteration: at, image, dice }) =>
    REGIONS.map((region) => ({ at, image, region, dice: dice[region] ?? null })),
  );
  const options = useCallback(
    () => ({
      x: { label: texts.experiment.iteration, domain: [0, iterations] },
      y: { label: texts.experiment.dice, grid: true, domain: [0, 1] },
      color: {
        domain: [...REGIONS],
        range: REGIONS.map((region) => COLOURS[region]),
        legend: true,
      },
      marks: (["real", "twin"] as const).flatMap((kind) => {
        const own = points.filter(({ image }) => image === kind);
        const channels = { x: "at", y: "dice", stroke: "region" } as const;
        const dashed = kind === "twin" ? { strokeDasharray: "4 3" } : {};
        return [Plot.lineY(own, { ...channels, ...dashed }), Plot.dot(own, { ...channels, r: 2 })];
      }),
    }),
    [points.length, iterations],
  );
  return (
    <div>
      <h3>{texts.experiment.dice}</h3>
      <p class="hint">{texts.experiment.diceHint}</p>
      <Chart label={texts.experiment.dice} height={220} options={options} />
      <Table head={[texts.experiment.iteration, texts.experiment.images, ...REGIONS]}>
        {of.validation.map(({ iteration, image, dice }) => [
          count(iteration),
          texts.experiment.image[image],
          ...REGIONS.map((region) => number(dice[region])),
        ])}
      </Table>
    </div>
  );
}

interface TableProps {
  readonly head: readonly string[];
  readonly children: readonly (readonly string[])[];
}

function Table({ head, children }: TableProps) {
  return (
    <details>
      <summary>{texts.common.table}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reachable by keyboard */}
      <div class="curve-table" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {head.map((label) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {children.map((cells, row) => (
              <tr key={row}>
                {cells.map((cell, column) => (
                  <td key={column}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

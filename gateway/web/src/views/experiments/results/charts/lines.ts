/** Turn estimates over α into the points of a chart and the rows of its table. */
import { texts } from "../../../../texts";
import { number, alpha as writeAlpha } from "../../../../ui/numbers";
import { type Bounded, describeEstimate, describeInterval, readRange } from "../data/range";
import type { RangePoint } from "./range";

export interface Named {
  readonly alpha: number;
  /** What it is, as the hover says it. */
  readonly name: string;
  readonly estimate: Bounded | null;
  readonly cases?: number | null;
  readonly singles?: readonly number[];
  readonly tick?: number | null;
}

export function toPoint({ alpha, name, estimate, cases, singles, tick }: Named): RangePoint {
  const range = readRange(estimate ?? { value: null });
  const said = [`${name}, ${texts.results.alphaIs(writeAlpha(alpha))}`];
  if (estimate) said.push(describeEstimate(estimate));
  if (cases != null) said.push(texts.common.cases(cases));
  return { x: alpha, ...range, title: said.join("\n"), singles: singles ?? [], tick: tick ?? null };
}

/** The cells that every table of estimates has: value, interval with its reason. */
export function estimateCells(estimate: Bounded | null, missing?: string | null): string[] {
  if (!estimate) return [number(null), missing ?? texts.results.missingArm];
  return [number(estimate.value), describeInterval(estimate)];
}

/** Intervals for drawing: their ends, which of them are open, and the axis that holds them. */
import { texts } from "../../../../texts";
import { interval, number } from "../../../../ui/numbers";

/** Whatever has a value and an interval in the results. */
export interface Bounded {
  readonly value: number | null;
  readonly ci?: readonly number[] | null;
  readonly bound?: { readonly low?: number; readonly high?: number };
  readonly reason?: string | null;
  readonly scope?: string | null;
}

export interface Range {
  readonly value: number | null;
  /** Ends that are known. */
  readonly low: number | null;
  readonly high: number | null;
  /** Ends that so few cases do not bound: drawn as an arrow, never as a place on the axis. */
  readonly openLow: boolean;
  readonly openHigh: boolean;
}

export function readRange(estimate: Bounded): Range {
  const { value, ci, bound } = estimate;
  if (ci) {
    return { value, low: ci[0] ?? null, high: ci[1] ?? null, openLow: false, openHigh: false };
  }
  return {
    value,
    low: bound?.low ?? null,
    high: bound?.high ?? null,
    openLow: bound?.high !== undefined && bound.low === undefined,
    openHigh: bound?.low !== undefined && bound.high === undefined,
  };
}

/** Say an estimate in a line: value, interval or why there is none, and what it holds for. */
export function describeEstimate(estimate: Bounded): string {
  const said = [texts.results.hover(number(estimate.value), describeInterval(estimate))];
  if (estimate.scope) said.push(texts.results.scopes[estimate.scope] ?? estimate.scope);
  return said.join(", ");
}

/** Write the interval; where an end is open or there is none, the reason stands beside it. */
export function describeInterval(estimate: Bounded): string {
  const ends = estimate.ci || estimate.bound ? interval(estimate.ci, estimate.bound) : "";
  const said = ends || texts.results.noInterval;
  return estimate.reason ? `${said}; ${estimate.reason}` : said;
}

/** The smallest and largest value that an axis can have. */
export interface Limits {
  readonly min?: number;
  readonly max?: number;
}

/** Choose the ends of an axis by values and known ends alone: an open end stretches nothing. */
export function chooseDomain(
  ranges: readonly Range[],
  others: readonly (number | null)[] = [],
  { min = -Infinity, max = Infinity }: Limits = {},
): [number, number] {
  const known = [...ranges.flatMap((each) => [each.value, each.low, each.high]), ...others];
  const finite = known.filter((each): each is number => Number.isFinite(each));
  if (finite.length === 0) return [Math.max(min, 0), Math.min(max, 1)];
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  const pad = Math.max((high - low) * 0.08, 0.005);
  const arrow = Math.max((high - low) * 0.12, 0.01);
  const openLow = ranges.some((each) => each.openLow) ? arrow : 0;
  const openHigh = ranges.some((each) => each.openHigh) ? arrow : 0;
  return [Math.max(min, low - pad - openLow), Math.min(max, high + pad + openHigh)];
}

/** Give the end of the arrow that stands for an open end, inside the axis. */
export function arrowEnd(range: Range, [low, high]: readonly [number, number]): number | null {
  if (range.value === null) return null;
  const length = (high - low) * 0.12;
  if (range.openHigh) return Math.min(high, Math.max(range.value, range.low ?? -Infinity) + length);
  if (range.openLow) return Math.max(low, Math.min(range.value, range.high ?? Infinity) - length);
  return null;
}

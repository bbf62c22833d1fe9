/** The Dice of every test case under one model, as rows. */
import { type AnyArm, isThere } from "./types";

export interface Model {
  readonly alpha: number;
  readonly seed: number;
}

export interface Pair {
  readonly real: number | null;
  readonly synthetic: number | null;
}

export interface CaseRow {
  readonly id: string;
  readonly group: string | null;
  readonly regions: Readonly<Record<string, Pair>>;
  /** The largest absolute difference of Dice between both images; null where no region has one. */
  readonly gap: number | null;
}

/** Every model that was scored: a training seed at an α. */
export function listModels(arms: readonly AnyArm[]): readonly Model[] {
  return arms
    .filter(isThere)
    .flatMap((arm) => arm.seeds.map(({ seed }) => ({ alpha: arm.alpha, seed })));
}

export function caseRows(arms: readonly AnyArm[], model: Model): readonly CaseRow[] {
  const arm = arms.filter(isThere).find((each) => each.alpha === model.alpha);
  const cases = arm?.seeds.find((each) => each.seed === model.seed)?.cases ?? [];
  return cases.map((each) => {
    const regions = Object.fromEntries(
      Object.keys(each.real).map((region) => [
        region,
        { real: each.real[region] ?? null, synthetic: each.synthetic[region] ?? null },
      ]),
    );
    return { id: each.id, group: each.group ?? null, regions, gap: largestGap(regions) };
  });
}

function largestGap(regions: Readonly<Record<string, Pair>>): number | null {
  const gaps = Object.values(regions).flatMap(({ real, synthetic }) =>
    real === null || synthetic === null ? [] : [Math.abs(real - synthetic)],
  );
  return gaps.length ? Math.max(...gaps) : null;
}

/** What the rows are sorted by: the case, the gap, or Dice of a region on one test set. */
export type SortKey = "id" | "gap" | `${string}/${keyof Pair}`;

/** Sort rows; what has no value comes last in either direction. */
export function sortRows(
  rows: readonly CaseRow[],
  key: SortKey,
  down: boolean,
): readonly CaseRow[] {
  const turn = down ? -1 : 1;
  return rows.toSorted((a, b) => {
    if (key === "id") return turn * a.id.localeCompare(b.id, undefined, { numeric: true });
    const [left, right] = [diceOf(a, key), diceOf(b, key)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return turn * (left - right);
  });
}

function diceOf(row: CaseRow, key: Exclude<SortKey, "id">): number | null {
  if (key === "gap") return row.gap;
  const [region = "", side = ""] = key.split("/");
  return row.regions[region]?.[side as keyof Pair] ?? null;
}

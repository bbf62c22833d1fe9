/** The trust factors over α, as points to draw and rows to read. */
import { type AnyArm, type Estimate, isThere, SIDES, type Side } from "./types";

export type FactorName = "t1" | "t2" | "t3" | "t4" | "t5";
export const FACTORS: readonly FactorName[] = ["t1", "t2", "t3", "t4", "t5"];

/** What a factor can be at all; an axis reaches no further. */
export const LIMITS = {
  t1: { min: 0, max: 1 },
  t2: { min: 0.5, max: 1 },
  t3: { min: 0, max: 1 },
  t4: { min: 0, max: 1 },
  t5: { min: 0 },
} as const;

export interface SeedValue {
  readonly seed: number;
  readonly value: number | null;
}

export interface FactorPoint {
  readonly alpha: number;
  /** The test set; null where a factor is of both. */
  readonly side: Side | null;
  /** The region; null where a factor is of all. */
  readonly region: string | null;
  /** Null where the arm is not there. */
  readonly estimate: Estimate | null;
  readonly cases: number | null;
  /** One a training, where there are several. */
  readonly seeds: readonly SeedValue[];
  /** What scores that have nothing to do with each other reach (T3 and T4). */
  readonly shuffled: number | null;
  /** Why the arm is not there, or lacks trainings. */
  readonly reason: string | null;
}

/** Give a factor at every α, by test set and by region as far as it has them. */
export function factorPoints(
  arms: readonly AnyArm[],
  name: FactorName,
  regions: readonly string[],
): readonly FactorPoint[] {
  const sides: readonly (Side | null)[] = name === "t3" || name === "t4" ? [null] : SIDES;
  const places: readonly (string | null)[] = name === "t1" || name === "t2" ? [null] : regions;
  return arms.flatMap((arm) =>
    places.flatMap((region) => sides.map((side) => readPoint(arm, name, side, region))),
  );
}

function readPoint(
  arm: AnyArm,
  name: FactorName,
  side: Side | null,
  region: string | null,
): FactorPoint {
  const place = { alpha: arm.alpha, side, region };
  if (!isThere(arm)) {
    const nothing = { estimate: null, cases: null, seeds: [], shuffled: null };
    return { ...place, ...nothing, reason: arm.reason };
  }
  const seeds = arm.seeds.map((each) => ({
    seed: each.seed,
    value: pick(each.trust.factors, name, side, region)?.value ?? null,
  }));
  return {
    ...place,
    estimate: pick(arm.trust.factors, name, side, region),
    cases: arm.trust.cases,
    seeds: seeds.length > 1 ? seeds : [],
    shuffled: region && (name === "t3" || name === "t4") ? readShuffled(arm, name, region) : null,
    reason: arm.reason ?? null,
  };
}

type Factors = NonNullable<AnyArm["trust"]>["factors"];

/** Find the estimate of one factor, test set and region; null if it is not there. */
export function pick(
  factors: Factors,
  name: FactorName,
  side: Side | null,
  region: string | null,
): Estimate | null {
  if (name === "t1" || name === "t2") return side ? (factors[name][side] ?? null) : null;
  if (region === null) return null;
  if (name === "t5") return side ? (factors.t5[side][region] ?? null) : null;
  return factors[name][region] ?? null;
}

function readShuffled(arm: AnyArm, name: "t3" | "t4", region: string): number | null {
  return arm.trust?.companions[name][region]?.shuffled ?? null;
}

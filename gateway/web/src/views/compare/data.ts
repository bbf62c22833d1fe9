/** The answer of a comparison, as names, series and rows. */
import type { Schemas } from "../../api/client";
import { texts } from "../../texts";
import { number } from "../../ui/numbers";
import { toPoint } from "../experiments/results/charts/lines";
import { lookOfSeries } from "../experiments/results/charts/looks";
import type { Series } from "../experiments/results/charts/range";
import { type FactorName, LIMITS, pick } from "../experiments/results/data/factors";
import { chooseDomain } from "../experiments/results/data/range";
import { SIDES, type Side } from "../experiments/results/data/types";

export type Answer = Schemas["ComparisonAnswer"];

/** Number the experiments as they were named, because names may be the same or not there. */
export function nameExperiments(
  experiments: readonly Schemas["ComparedExperiment"][],
): ReadonlyMap<string, string> {
  return new Map(
    experiments.map(({ id, name }, at) => [id, `${at + 1}. ${name || id.slice(0, 8)}`]),
  );
}

/** Write where a setting stands in the request: `/segmenter/preset` is "segmenter, preset". */
export function nameSetting(pointer: string): string {
  const parts = pointer.split("/").slice(1);
  return parts
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~").replaceAll("_", " "))
    .join(", ");
}

export function writeValue(value: Schemas["Setting"]["values"][number]): string {
  if (value === null) return texts.compare.unset;
  if (Array.isArray(value)) return value.length ? value.join(", ") : texts.common.none;
  if (typeof value === "boolean") return value ? texts.common.yes : texts.common.no;
  return typeof value === "number" ? number(value, 6) : value;
}

export interface Place {
  readonly factor: FactorName;
  readonly side: Side | null;
  readonly region: string | null;
}

/** The regions that any of the experiments has, in the order of the first that has them. */
export function listRegions(answer: Answer): readonly string[] {
  const found = answer.alphas.flatMap((arm) =>
    arm.experiments.flatMap((each) => Object.keys(each.factors?.t3 ?? {})),
  );
  const order = ["ET", "ED", "NCR"];
  return [...new Set([...order.filter((name) => found.includes(name)), ...found])];
}

/** The panels of a factor: a test set, or a region, or both. */
export function listPlaces(factor: FactorName, regions: readonly string[]): readonly Place[] {
  const sides: readonly (Side | null)[] = factor === "t3" || factor === "t4" ? [null] : SIDES;
  const wanted: readonly (string | null)[] = factor === "t1" || factor === "t2" ? [null] : regions;
  return wanted.flatMap((region) => sides.map((side) => ({ factor, side, region })));
}

/** One series an experiment. Where it has no such α there is no point, and its line is broken. */
export function seriesAt(answer: Answer, place: Place): readonly Series[] {
  const names = nameExperiments(answer.experiments);
  return answer.experiments.map(({ id }, at) => {
    const name = names.get(id) ?? id;
    const points = answer.alphas.map((arm) => {
      const factors = arm.experiments[at]?.factors;
      const estimate = factors ? pick(factors, place.factor, place.side, place.region) : null;
      return toPoint({ alpha: arm.alpha, name, estimate });
    });
    return { look: lookOfSeries(at, id, name), points };
  });
}

/** One axis for all panels of a factor. */
export function domainAt(answer: Answer, places: readonly Place[]): [number, number] {
  const points = places.flatMap((place) =>
    seriesAt(answer, place).flatMap((series) => series.points),
  );
  const [first] = places;
  return chooseDomain(points, [], first ? LIMITS[first.factor] : {});
}

/** Whether versions of the definition are mixed. */
export function mixesDefinitions(answer: Answer): boolean {
  return new Set(answer.experiments.map((each) => each.definition)).size > 1;
}

export interface PairedRow {
  readonly experiment: string;
  readonly alpha: number;
  readonly side: Side;
  /** The region; null of the mean over regions, or where nothing is paired. */
  readonly region: string | null;
  readonly estimate: Schemas["IntervalEstimate"] | null;
  readonly cases: number | null;
  readonly reason: string | null;
}

/** Paired differences one below the other; where nothing is paired there is one row with why. */
export function pairedRows(answer: Answer): readonly PairedRow[] {
  return answer.differences.flatMap((arm) =>
    SIDES.flatMap((side): PairedRow[] => {
      const { overall, regions, cases, reason } = arm[side];
      const place = { experiment: arm.experiment, alpha: arm.alpha, side, cases, reason };
      if (!overall || !regions) return [{ ...place, region: null, estimate: null }];
      const own = Object.entries(regions).map(([region, estimate]) => ({
        ...place,
        region,
        estimate,
      }));
      return [{ ...place, region: null, estimate: overall }, ...own];
    }),
  );
}

/** What the tests found, by region and α, and the same said once for all places that share it. */
import type { Schemas } from "../../../../api/client";
import { texts } from "../../../../texts";
import { alpha as writeAlpha } from "../../../../ui/numbers";
import { groupBy } from "./group";
import { type AnyArm, isThere } from "./types";

export type Kind = keyof typeof texts.results.kinds;

export interface Finding {
  readonly alpha: number;
  readonly region: string;
  readonly kind: Kind;
  readonly difference: number | null;
  readonly ci90: readonly number[] | null;
  /** Why a verdict was withheld. */
  readonly reason: string | null;
}

/** Judge every mix against the model of α = 1, on test images that no generator drew. */
export function judgePerformance(arms: readonly AnyArm[]): readonly Finding[] {
  return arms.filter(isThere).flatMap((arm) =>
    Object.entries(arm.versus_real?.regions ?? {}).map(([region, found]) => ({
      alpha: arm.alpha,
      region,
      kind: judgeRegion(found),
      difference: found.difference,
      ci90: found.ci90,
      reason: found.non_inferiority.reason,
    })),
  );
}

/** Read both tests of a region together; the stronger finding counts. */
export function judgeRegion(found: Schemas["Comparison"]): Kind {
  const { equivalence, non_inferiority, difference } = found;
  if (non_inferiority.verdict === "inferior") return "worse";
  if (equivalence.verdict === "different" && (difference ?? 0) > 0) return "better";
  if (equivalence.verdict === "equivalent") return "equivalent";
  return non_inferiority.verdict === "non-inferior" ? "not worse" : "undecided";
}

/** Judge whether synthetic test images give the Dice of the others, for each model. */
export function judgePrediction(arms: readonly AnyArm[]): readonly Finding[] {
  return arms.filter(isThere).flatMap((arm) =>
    Object.entries(arm.trust.equivalence.regions).map(([region, found]) => ({
      alpha: arm.alpha,
      region,
      kind: found.verdict === "inconclusive" ? ("undecided" as const) : found.verdict,
      difference: found.difference,
      ci90: found.ci90,
      reason: found.reason,
    })),
  );
}

const ORDER: readonly Kind[] = [
  "better",
  "equivalent",
  "not worse",
  "different",
  "worse",
  "undecided",
];

/** Say each finding once: places with the same finding and reason share a sentence. */
export function sayFindings(findings: readonly Finding[]): readonly string[] {
  const groups = groupBy(findings, (each) => `${each.kind}|${reasonOf(each)}`);
  const merged = [...groups.values()].sort((a, b) => rank(a) - rank(b));
  return merged.map((group) => {
    const [first] = group;
    const kind = texts.results.kinds[first?.kind ?? "undecided"];
    const said = kind.charAt(0).toUpperCase() + kind.slice(1);
    const why = first ? reasonOf(first) : "";
    const places = sayPlaces(group);
    return why ? texts.results.foundWhy(said, places, why) : texts.results.found(said, places);
  });
}

function rank(group: readonly Finding[]): number {
  return ORDER.indexOf(group[0]?.kind ?? "undecided");
}

function reasonOf(finding: Finding): string {
  if (finding.kind !== "undecided" || !finding.reason) return "";
  return texts.results.reasons[finding.reason] ?? finding.reason;
}

/** Name places: α with the same regions share a clause. */
function sayPlaces(group: readonly Finding[]): string {
  const regions = new Map<number, string[]>();
  for (const each of group) {
    regions.set(each.alpha, [...(regions.get(each.alpha) ?? []), each.region]);
  }
  const clauses = groupBy(regions.entries(), ([, names]) => texts.results.list(names));
  return [...clauses]
    .map(([names, entries]) =>
      texts.results.place(names, texts.results.list(entries.map(([alpha]) => writeAlpha(alpha)))),
    )
    .join("; ");
}

/** Collect warnings as sentences; one that not every α has names those that have it. */
export function collectWarnings(arms: readonly AnyArm[]): readonly string[] {
  const there = arms.filter(isThere);
  const at = new Map<string, string[]>();
  for (const arm of there) {
    for (const { detail } of arm.trust.warnings) {
      at.set(detail, [...(at.get(detail) ?? []), writeAlpha(arm.alpha)]);
    }
  }
  return [...at].map(([detail, alphas]) =>
    alphas.length === there.length
      ? detail
      : texts.results.warningAt(detail, texts.results.list(alphas)),
  );
}

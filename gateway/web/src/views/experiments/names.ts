/** What the views of experiments call things, and which states are final. */
import type { Schemas } from "../../api/client";
import { texts } from "../../texts";
import { alpha } from "../../ui/numbers";

export type Experiment = Schemas["ExperimentBody"];
export type Summary = Schemas["ExperimentSummary"];

const FINAL: ReadonlySet<Experiment["state"]> = new Set(["succeeded", "failed", "cancelled"]);

export function isFinal({ state }: { readonly state: Experiment["state"] }): boolean {
  return FINAL.has(state);
}

/** Whether it has results, be they of some arms alone. */
export function hasResults({ state, partial }: Pick<Experiment, "state" | "partial">): boolean {
  return state === "succeeded" || (state === "failed" && partial);
}

export function nameOf({
  id,
  name,
}: {
  readonly id: string;
  readonly name: string | null;
}): string {
  return name ?? texts.experiments.unnamed(id);
}

/** Few α are listed, many are a range. */
export function nameAlphas(alphas: readonly number[]): string {
  const sorted = [...alphas].sort((one, other) => one - other);
  if (sorted.length <= 5) return texts.experiments.alphas(sorted.map(alpha).join(", "));
  const [low = 0, high = 1] = [sorted[0], sorted.at(-1)];
  return texts.experiments.alphaRange(sorted.length, alpha(low), alpha(high));
}

/** The kinds of steps in the order in which a plan takes them; what is new comes before the report. */
const PLAN = [
  "receive_upload",
  "inspect_case",
  "synthesise_case",
  "compare_twin",
  "train_segmenter",
  "predict_cases",
  "score_cases",
] as const;
const LAST = "build_report";

export function byPlan<T>(kinds: Readonly<Record<string, T>>): [string, T][] {
  const place = (kind: string) => {
    if (kind === LAST) return PLAN.length + 1;
    const known = PLAN.indexOf(kind as (typeof PLAN)[number]);
    return known < 0 ? PLAN.length : known;
  };
  return Object.entries(kinds).sort(([one], [other]) => place(one) - place(other));
}

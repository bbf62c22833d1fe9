/** The steps that results come from, summed by what they did. */
import type { Schemas } from "../../../../api/client";
import { groupBy } from "./group";

export interface StepSummary {
  readonly kind: string;
  readonly count: number;
  /** Seconds of computing of all of them; what was taken over from elsewhere has none. */
  readonly seconds: number | null;
  readonly hosts: readonly string[];
  /** How many needed more than one attempt. */
  readonly retried: number;
  /** Versions of packages, where steps agree or not: `torch 2.7.0`. */
  readonly versions: readonly string[];
}

export function summariseSteps(steps: readonly Schemas["StepRecord"][]): readonly StepSummary[] {
  return [...groupBy(steps, (step) => step.kind)].map(([kind, group]) => {
    const timed = group.flatMap((step) => (step.seconds === null ? [] : [step.seconds]));
    return {
      kind,
      count: group.length,
      seconds: timed.length ? timed.reduce((sum, each) => sum + each, 0) : null,
      hosts: unique(group.flatMap((step) => (step.host ? [step.host] : []))),
      retried: group.filter((step) => step.attempts.length > 1).length,
      versions: unique(
        group.flatMap((step) => Object.entries(step.versions).map((pair) => pair.join(" "))),
      ),
    };
  });
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)].toSorted();
}

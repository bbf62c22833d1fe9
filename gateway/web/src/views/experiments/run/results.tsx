/** The results, loaded when they are looked at: their charts are no part of the first load. */
import { lazy } from "../../../ui/lazy";
import type { Experiment } from "../names";

interface PartProps {
  readonly experiment: Experiment;
}

export const RESULT_PARTS = {
  results: lazy<PartProps>(async () => (await import("../results")).Results),
  cases: lazy<PartProps>(async () => (await import("../results")).Cases),
  figures: lazy<PartProps>(async () => (await import("../results")).Figures),
  downloads: lazy<PartProps>(async () => (await import("../results")).Downloads),
} as const;

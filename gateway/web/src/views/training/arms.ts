/** The trainings of an experiment: which arms they are of, and what these are called. */
import { api, ok, type Schemas } from "../../api/client";
import { texts } from "../../texts";
import { alpha } from "../../ui/numbers";

export type SegmenterTraining = Schemas["TrainingBody"];

/** Trainings that the API gives at once: each comes with its curves. */
export const PAGE = 20;

/** Name what a segmenter was trained on. */
export function nameArm(of: Pick<SegmenterTraining, "alpha" | "control" | "seed">): string {
  const mix = of.alpha === null ? [] : [texts.experiments.alphas(alpha(of.alpha))];
  const control = of.control ? [texts.newExperiment.controlNames[of.control]] : [];
  return [...mix, ...control, texts.experiment.seed(of.seed)].join(", ");
}

/** Read one page of trainings, in the order of the plan. */
export function readTrainings(id: string, after: number, signal?: AbortSignal) {
  const params = { path: { experiment_id: id }, query: { limit: PAGE, cursor: after } };
  return ok(api.GET("/experiments/{experiment_id}/training", { params, signal }));
}

/** Read all trainings of an experiment that are done, each step once. */
export async function readDone(id: string): Promise<SegmenterTraining[]> {
  const found = new Map<string, SegmenterTraining>();
  for (let after = 0, more = true; more; after += PAGE) {
    const page = await readTrainings(id, after);
    for (const each of page.items) {
      if (each.state === "done" && !found.has(each.step)) found.set(each.step, each);
    }
    more = page.next !== null;
  }
  return [...found.values()];
}

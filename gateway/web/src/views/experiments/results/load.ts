/** Read the results of an experiment once for all of its tabs. */
import { api, ok, type Schemas } from "../../../api/client";
import { type Loaded, useLoaded } from "../../../ui/loaded";
import { type Results, readResults, type Stored } from "./data/types";

/** Results are megabytes: those of the experiment seen last are kept, and no others. */
let kept: { readonly key: string; readonly results: Promise<Results> } | undefined;

function read(experiment: Schemas["ExperimentBody"]): Promise<Results> {
  const key = [experiment.id, experiment.state, experiment.finished].join(" ");
  if (kept?.key === key) return kept.results;
  const params = { path: { experiment_id: experiment.id } };
  const answer = ok(api.GET("/experiments/{experiment_id}/results", { params }));
  // The client's types lose keys that are always null, so its answer is typed by the schema.
  const results = answer.then((found) => readResults(found as unknown as Stored));
  kept = { key, results };
  results.catch(() => {
    if (kept?.results === results) kept = undefined; // a failed reading is tried again
  });
  return results;
}

export function useResults(experiment: Schemas["ExperimentBody"]): Loaded<Results> {
  return useLoaded(() => read(experiment), [experiment.id, experiment.state, experiment.finished]);
}

/** Whether results can be there: they come with the last step. */
export function canHaveResults(experiment: Schemas["ExperimentBody"]): boolean {
  return experiment.state === "succeeded" || experiment.partial;
}

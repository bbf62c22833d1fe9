/** What these views read of the API, and the types of it. */
import { api, ok, type Schemas } from "../../api/client";

export type DatasetState = Schemas["DatasetState"];
export type Dataset = Awaited<ReturnType<typeof readDataset>>;
export type Summary = Awaited<ReturnType<typeof readDatasets>>["items"][number];

const PAGE_ROWS = 200;

export function readDataset(id: string, signal: AbortSignal) {
  const path = { dataset_id: id };
  return ok(api.GET("/datasets/{dataset_id}", { params: { path }, signal }));
}

/** Read a page of the datasets in a state, or in any. */
export function readDatasets(
  state: DatasetState | undefined,
  cursor: string | undefined,
  signal: AbortSignal,
) {
  const query = { limit: PAGE_ROWS, cursor, state };
  return ok(api.GET("/datasets", { params: { query }, signal }));
}

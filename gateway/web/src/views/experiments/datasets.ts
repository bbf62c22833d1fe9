/** The datasets that a reader may choose from, all pages of them. */
import { api, ok, type Schemas } from "../../api/client";
import { type Loaded, useLoaded } from "../../ui/loaded";

export type DatasetName = Pick<Schemas["DatasetSummary"], "id" | "name">;

export function useDatasets(state?: Schemas["DatasetState"]): Loaded<DatasetName[]> {
  return useLoaded((signal) => readDatasets(state, signal), [state]);
}

async function readDatasets(
  state: Schemas["DatasetState"] | undefined,
  signal: AbortSignal,
): Promise<DatasetName[]> {
  const found: DatasetName[] = [];
  let cursor: string | undefined;
  do {
    const query = { limit: 200, ...(state && { state }), ...(cursor && { cursor }) };
    const page = await ok(api.GET("/datasets", { params: { query }, signal }));
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor);
  return found;
}

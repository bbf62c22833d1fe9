/** Which experiments an address names. */

export const LEAST = 2;
export const MOST = 6;

/** Read the ids of an address: each once, in its order. */
export function parseIds(query: URLSearchParams): readonly string[] {
  const ids = (query.get("ids") ?? "").split(",").map((id) => id.trim());
  return [...new Set(ids.filter(Boolean))];
}

export function isComparable(ids: readonly string[]): boolean {
  return ids.length >= LEAST && ids.length <= MOST;
}

/** What steps are called. */
import type { Schemas } from "../api/client";
import { texts } from "../texts";

/** Name what a step does; one of a newer release by its kind. */
export function nameKind(kind: string): string {
  return texts.steps[kind as Schemas["Kind"]] ?? kind;
}

/** What the images without a generator are called: of patients real, of phantoms reference. */
import type { Schemas } from "../../../../api/client";
import { texts } from "../../../../texts";

export type Origin = Schemas["ResolvedSpec"]["origin"];
export type Words = (typeof texts.results.origins)[keyof typeof texts.results.origins];

/** Choose the words for one origin, or for several beside each other: the most careful ones. */
export function wordsOf(...origins: readonly Origin[]): Words {
  const { patients, phantoms, unrecorded } = texts.results.origins;
  if (origins.length > 0 && origins.every((origin) => origin === "patients")) return patients;
  return origins.some((origin) => origin === "phantoms") ? phantoms : unrecorded;
}

/** Name a region; what has no name of its own is named by its id. */
export function nameRegion(region: string): string {
  const name = texts.results.regions[region];
  return name && name !== region ? `${region}, ${name}` : region;
}

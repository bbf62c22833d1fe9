/** What the images without a generator are called: of patients real, of phantoms reference. */
import { texts } from "../../../../texts";

export type Origin = keyof typeof texts.results.origins;
export type Words = (typeof texts.results.origins)[Origin];

const PHANTOM = "phantom-"; // begins the ids of cases that a program made

/** Say where the test cases come from, by their ids. */
export function originOf(cases: readonly string[]): Origin {
  return cases.length > 0 && cases.every((id) => id.startsWith(PHANTOM)) ? "phantoms" : "patients";
}

export function wordsOf(cases: readonly string[]): Words {
  return texts.results.origins[originOf(cases)];
}

/** Name a region; what has no name of its own is named by its id. */
export function nameRegion(region: string): string {
  const name = texts.results.regions[region];
  return name && name !== region ? `${region}, ${name}` : region;
}

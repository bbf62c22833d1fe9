/** Loss and validation Dice of trainings. */
import type { Experiment } from "../names";

export function Training(_: { of: Experiment }) {
  return null;
}

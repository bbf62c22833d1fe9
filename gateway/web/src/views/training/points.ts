/** The points of a training's curves, from the history that the API gives of it. */
import type { Schemas } from "../../api/client";

export const REGIONS = ["ET", "ED", "NCR"] as const;

export interface LossPoint {
  readonly iteration: number;
  readonly loss: number;
}

export interface DicePoint {
  readonly iteration: number;
  readonly image: "real" | "twin";
  readonly region: string;
  readonly dice: number;
}

type History = Schemas["HistoryBody"];

/** Give the loss of the iterations in which it was measured. */
export function lossOf({ iteration, loss }: Pick<History, "iteration" | "loss">): LossPoint[] {
  return iteration.flatMap((at, index) => {
    const value = loss[index];
    return typeof value === "number" ? [{ iteration: at, loss: value }] : [];
  });
}

/** Give the validation Dice of each region, where a case has the region. */
export function diceOf({ validation }: Pick<History, "validation">): DicePoint[] {
  return validation.flatMap(({ iteration, image, dice }) =>
    REGIONS.flatMap((region) => {
      const value = dice[region];
      return typeof value === "number" ? [{ iteration, image, region, dice: value }] : [];
    }),
  );
}

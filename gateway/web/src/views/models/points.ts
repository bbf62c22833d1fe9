/** The points of a training's curves, from what the API holds of it. */
import type { Model } from "./read";

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

/** A segmenter's loss is in its history; a generator's card may hold its own. */
export function lossOf(model: Model): readonly LossPoint[] {
  if (model.kind === "segmenter") {
    const { iteration, loss } = model.history;
    return iteration.flatMap((at, index) => {
      const value = loss[index];
      return typeof value === "number" ? [{ iteration: at, loss: value }] : [];
    });
  }
  const held: unknown = model.kind === "generator" ? model.card.loss : undefined;
  return Array.isArray(held) ? held.filter(isLossPoint) : [];
}

export function diceOf(model: Model, regions: readonly string[]): readonly DicePoint[] {
  if (model.kind !== "segmenter") return [];
  return model.history.validation.flatMap(({ iteration, image, dice }) =>
    regions.flatMap((region) => {
      const value = dice[region];
      return typeof value === "number" ? [{ iteration, image, region, dice: value }] : [];
    }),
  );
}

function isLossPoint(value: unknown): value is LossPoint {
  const { iteration, loss } = (value ?? {}) as Partial<Record<keyof LossPoint, unknown>>;
  return typeof iteration === "number" && typeof loss === "number";
}

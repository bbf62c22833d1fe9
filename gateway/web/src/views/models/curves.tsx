/** How a model's training went. A segmenter has a history; a generator's card may hold its loss. */
import { texts } from "../../texts";
import { count, duration } from "../../ui/numbers";
import { Curves } from "../training/curves";
import { diceOf, type LossPoint, lossOf } from "../training/points";
import type { Model } from "./read";

export function ModelCurves({ model }: { model: Model }) {
  if (model.kind === "start_weights") return null;
  const history = model.kind === "segmenter" ? model.history : undefined;
  const loss = history ? lossOf(history) : lossOfCard(model.card);
  const dice = history ? diceOf(history) : [];
  if (loss.length === 0 && dice.length === 0) return null;
  return (
    <section class="card">
      <h2>{texts.models.curves}</h2>
      {history && (
        <p>
          {texts.models.took(
            count(history.iterations),
            count(history.samples),
            duration(history.seconds),
          )}
        </p>
      )}
      <Curves loss={loss} dice={dice} />
    </section>
  );
}

/** Read the loss in a generator's card, which has no fixed form there. */
export function lossOfCard(card: Readonly<Record<string, unknown>>): LossPoint[] {
  return Array.isArray(card.loss) ? card.loss.filter(isLossPoint) : [];
}

function isLossPoint(value: unknown): value is LossPoint {
  const { iteration, loss } = (value ?? {}) as Partial<Record<keyof LossPoint, unknown>>;
  return typeof iteration === "number" && typeof loss === "number";
}

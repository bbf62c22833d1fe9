/** What partial results lack, in sentences. */
import type { Schemas } from "../../../../api/client";
import { texts } from "../../../../texts";
import { alpha as writeAlpha } from "../../../../ui/numbers";
import { groupBy } from "./group";

type Missing = Schemas["MissingParts"];

export function sayMissing(missing: Missing): readonly string[] {
  const { results } = texts;
  const said = [...groupBy(missing.trainings, (each) => each.reason)].map(([reason, trainings]) =>
    results.missingTraining(nameTrainings(trainings), reason),
  );
  for (const [reason, twins] of groupBy(missing.twins, (each) => each.reason)) {
    said.push(results.missingTwins(results.list(twins.map((each) => each.case)), reason));
  }
  if (missing.second_twins) said.push(results.missingSecond(missing.second_twins));
  if (missing.recommendation) said.push(results.missingAnswer(missing.recommendation));
  return said.map(endSentence);
}

function nameTrainings(trainings: Missing["trainings"]): string {
  const arms = groupBy(trainings, (each) => `${each.control ?? ""}|${each.alpha ?? ""}`);
  return [...arms.values()]
    .map((group) => {
      const [first] = group;
      const control = first?.control ? texts.results.controls[first.control] : "";
      const alpha = first?.alpha == null ? "–" : writeAlpha(first.alpha);
      const seeds = texts.results.list(group.map((each) => String(each.seed)));
      return [control, texts.results.missingMix(alpha, seeds)].filter(Boolean).join(", ");
    })
    .join("; ");
}

function endSentence(said: string): string {
  return /[.!?]$/.test(said) ? said : `${said}.`;
}

/** The test cases one by one: Dice on both images, as points and as a table. */
import { useMemo, useState } from "preact/hooks";
import type { Schemas } from "../../../../api/client";
import { texts } from "../../../../texts";
import { alpha as writeAlpha } from "../../../../ui/numbers";
import { caseRows, listModels, type Model } from "../data/cases";
import { wordsOf } from "../data/origin";
import { type Results, regionsOf } from "../data/types";
import { Scatter } from "./scatter";
import { CaseTable } from "./table";

interface CaseBrowserProps {
  readonly experiment: Schemas["ExperimentBody"];
  readonly results: Results;
}

export function CaseBrowser({ experiment, results }: CaseBrowserProps) {
  const words = wordsOf(experiment.spec.origin);
  const [nested, setNested] = useState(false);
  const arms = nested ? results.nested : results.alphas;
  const models = useMemo(() => listModels(arms), [arms]);
  const [chosen, setChosen] = useState(0);
  const model = models[chosen] ?? models[0];
  const rows = useMemo(() => (model ? caseRows(arms, model) : []), [arms, model]);
  const regions = regionsOf(arms);
  if (!model) return <p>{texts.results.noModels}</p>;
  return (
    <section class="results" aria-labelledby="cases-title">
      <h2 id="cases-title">{texts.results.casesTitle}</h2>
      <p>{texts.results.casesSay(words.realImages)}</p>
      <div class="row">
        <ModelChoice models={models} chosen={chosen} choose={setChosen} />
        {results.nested.length > 0 && <RegionChoice nested={nested} choose={setNested} />}
      </div>
      <Scatter experiment={experiment.id} rows={rows} regions={regions} words={words} />
      <CaseTable
        experiment={experiment.id}
        rows={rows}
        regions={regions}
        words={words}
        seen={experiment.spec.seen}
      />
    </section>
  );
}

interface ModelChoiceProps {
  readonly models: readonly Model[];
  readonly chosen: number;
  readonly choose: (at: number) => void;
}

function ModelChoice({ models, chosen, choose }: ModelChoiceProps) {
  return (
    <label class="row result-choice">
      {texts.results.model}
      <select value={chosen} onChange={(event) => choose(Number(event.currentTarget.value))}>
        {models.map((model, at) => (
          <option key={`${model.alpha} ${model.seed}`} value={at}>
            {texts.results.modelIs(writeAlpha(model.alpha), model.seed)}
          </option>
        ))}
      </select>
    </label>
  );
}

function RegionChoice({ nested, choose }: { nested: boolean; choose: (nested: boolean) => void }) {
  const { scopesOfScoring, scored } = texts.results;
  return (
    <label class="row result-choice">
      {scored}
      <select
        value={nested ? "nested" : "all"}
        onChange={(event) => choose(event.currentTarget.value === "nested")}
      >
        <option value="all">{scopesOfScoring.all}</option>
        <option value="nested">{scopesOfScoring.nested}</option>
      </select>
    </label>
  );
}

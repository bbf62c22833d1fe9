/** What was asked for, with every choice written out: where the results come from. */
import type { ComponentChildren } from "preact";
import { href } from "../../../router";
import { texts } from "../../../texts";
import { alpha, count } from "../../../ui/numbers";
import { Time } from "../../../ui/parts";
import { useDatasets } from "../datasets";
import type { Experiment } from "../names";

export function Facts({ of }: { of: Experiment }) {
  const dataset = useDatasets().data?.find(({ id }) => id === of.dataset);
  const { fact } = texts.experiment;
  const facts: [string, ComponentChildren][] = [
    [fact.id, <code>{of.id}</code>],
    [fact.dataset, <a href={href(["datasets", of.dataset])}>{dataset?.name ?? of.dataset}</a>],
    [fact.digest, <code>{of.spec.dataset_digest.slice(0, 16)}</code>],
    [fact.created, <Time at={of.created} />],
    [fact.finished, <Time at={of.finished} />],
    [fact.priority, of.priority],
    ...mixFacts(of.spec),
    ...modelFacts(of.spec),
  ];
  return (
    <section class="card">
      <h2>{texts.experiment.facts}</h2>
      <dl class="facts">
        {facts.map(([label, value]) => (
          <div key={label} class="fact">
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function mixFacts(spec: Experiment["spec"]): [string, ComponentChildren][] {
  const { fact, splitFact, seenFact } = texts.experiment;
  const { alphas, seeds, train, validation, test, seen, mixing, controls = [] } = spec;
  const cases = splitFact(train.length, validation.length, test.length);
  const named = controls.map((each) => texts.newExperiment.controlNames[each]);
  return [
    [fact.alphas, alphas.map((value) => alpha(Number(value))).join(", ")],
    [fact.seeds, seeds.join(", ")],
    [fact.split, seen.length ? cases + seenFact(seen.length) : cases],
    [fact.mixing, mixing],
    [fact.controls, named.join(", ") || texts.common.none],
  ];
}

function modelFacts({ generator, segmenter }: Experiment["spec"]): [string, ComponentChildren][] {
  const { fact, generatorFact, trainingFact, segmenterFact } = texts.experiment;
  const { name, sampler, steps, twins = 1, seed, training } = generator;
  const { preset, iterations, start } = segmenter;
  return [
    [fact.generator, generatorFact(name, sampler, steps, twins, seed)],
    [
      fact.training,
      training ? trainingFact(training.cases, training.phantoms) : texts.common.unknown,
    ],
    [fact.segmenter, segmenterFact(preset, count(iterations))],
    [fact.start, start?.name ?? texts.common.none],
  ];
}

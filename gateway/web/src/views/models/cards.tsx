/** What is known of a model, from its card. */
import type { ComponentChildren } from "preact";
import { href } from "../../router";
import { texts } from "../../texts";
import { count, number } from "../../ui/numbers";
import { Time } from "../../ui/parts";
import { DataTable, Facts } from "../../ui/table";
import { mixOf } from "./list";
import type { Model } from "./read";

type Fact = readonly [string, ComponentChildren];

export function CardFacts({ model }: { model: Model }) {
  return (
    <>
      <section class="card">
        <h2>{texts.models.kindOf[model.kind]}</h2>
        <Facts of={[...common(model), ...special(model)]} />
      </section>
      {model.kind === "segmenter" && <Validation model={model} />}
      {model.kind === "segmenter" && (
        <More title={texts.models.config} facts={written(model.card.config)} />
      )}
      {model.kind === "generator" && (
        <More
          title={texts.models.config}
          facts={[...written(model.card.architecture), ...written(model.card.recipe)]}
        />
      )}
    </>
  );
}

function More({ title, facts }: { title: string; facts: readonly Fact[] }) {
  if (facts.length === 0) return null;
  return (
    <details class="card">
      <summary>{title}</summary>
      <Facts of={facts} />
    </details>
  );
}

function common(model: Model): Fact[] {
  const t = texts.models;
  return [
    [texts.common.id, <code key="id">{model.id}</code>],
    [t.origin, t.origins[model.origin]],
    ...(model.created
      ? [[texts.common.created, <Time key="created" at={model.created} />] as Fact]
      : []),
    ...(model.parameters ? [[t.parameters, count(model.parameters)] as Fact] : []),
  ];
}

function special(model: Model): Fact[] {
  const t = texts.models;
  if (model.kind === "start_weights") {
    return [
      [t.source, model.source],
      [t.layout, model.layout],
      [t.weights, <code key="weights">{model.weights_digest}</code>],
    ];
  }
  if (model.kind === "generator") {
    const { domain, schedule_steps, default: sampling } = model.card;
    return [
      [t.grid, t.gridOf(domain.shape, domain.spacing_mm ?? null)],
      [t.fit, domain.fit],
      [t.sampler, t.sampling(sampling.sampler, sampling.steps)],
      [t.schedule, t.steps(count(schedule_steps))],
      [t.seen, texts.common.cases(model.seen_cases)],
    ];
  }
  const { grid, made_by } = model;
  return [
    [t.preset, `${model.preset}, ${model.head}`],
    [t.grid, grid ? t.gridOf(grid.shape, grid.spacing_mm) : t.ownGrid],
    ...(made_by
      ? [
          [t.madeBy, <MadeBy key="made" {...made_by} />] as Fact,
          [t.trainedOn, mixOf(made_by)] as Fact,
        ]
      : []),
    [t.weights, <code key="weights">{model.weights_digest}</code>],
    [t.trainingDigest, <code key="digest">{model.training.digest ?? texts.common.unknown}</code>],
    ...(model.revision ? [[t.revision, <code key="git">{model.revision}</code>] as Fact] : []),
  ];
}

function MadeBy({ experiment, name }: { experiment: string; name: string | null }) {
  return <a href={href(["experiments", experiment])}>{name ?? experiment}</a>;
}

/** Write the fields of a part of the card that has no fixed form. */
function written(part: unknown): Fact[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).map(([name, value]) => [name, plain(value)]);
}

function plain(value: unknown): string {
  if (typeof value === "number") return number(value, 6);
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  return JSON.stringify(value);
}

const COLUMNS = ["ET", "ED", "NCR", "TC", "WT"] as const;

function Validation({ model }: { model: Extract<Model, { kind: "segmenter" }> }) {
  const rows = Object.entries(model.validation_dice);
  if (rows.length === 0) return null;
  return (
    <section class="card">
      <h2>{texts.models.validation}</h2>
      <DataTable
        caption={texts.models.validation}
        columns={[
          { label: texts.training.images },
          ...COLUMNS.map((label) => ({ label, numeric: true })),
        ]}
        rows={rows.map(([image, dice]) => [
          texts.training.image[image as "real" | "twin"],
          ...COLUMNS.map((region) => number(dice?.[region])),
        ])}
      />
    </section>
  );
}

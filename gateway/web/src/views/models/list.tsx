/** The list of models, by kind, and the jobs that make or export one. */
import { href } from "../../router";
import { texts } from "../../texts";
import { alpha, count, number } from "../../ui/numbers";
import { usePages } from "../../ui/pages";
import { Empty, Head, Loading, ProblemBox, Time } from "../../ui/parts";
import { VirtualList } from "../../ui/virtual";
import { Jobs } from "./jobs";
import { KINDS, type Kind, readModels, type Summary } from "./read";

export function ModelList({ kind }: { kind: string }) {
  const chosen = KINDS.find((each) => each === kind);
  const pages = usePages<Summary>((cursor, signal) => readModels(chosen, cursor, signal), [chosen]);
  const { rows, complete, loading, more, problem, reload } = pages;
  return (
    <>
      <Head title={texts.models.title}>
        <a class="button" href={href(["models"], { add: "import" })}>
          {texts.models.import}
        </a>
        <a class="button main-button" href={href(["models"], { add: "train" })}>
          {texts.models.train}
        </a>
      </Head>
      <Jobs ended={reload} />
      <KindTabs chosen={chosen} />
      {problem && <ProblemBox problem={problem} retry={reload} />}
      {rows.length === 0 && loading && <Loading />}
      {complete && rows.length === 0 && (
        <Empty title={texts.models.emptyTitle}>
          <p>{texts.models.empty[chosen ?? "generator"]}</p>
        </Empty>
      )}
      {rows.length > 0 && (
        <VirtualList
          rows={rows}
          rowPx={66}
          label={texts.models.list}
          keyOf={(row) => row.id}
          onEnd={more}
        >
          {(row) => <Row row={row} />}
        </VirtualList>
      )}
    </>
  );
}

function KindTabs({ chosen }: { chosen: Kind | undefined }) {
  const entries = [undefined, ...KINDS];
  return (
    <nav class="row model-kinds" aria-label={texts.models.kindsLabel}>
      {entries.map((kind) => (
        <a
          key={kind ?? "all"}
          class="button"
          href={href(["models"], kind ? { kind } : {})}
          aria-current={kind === chosen ? "page" : undefined}
        >
          {kind ? texts.models.kinds[kind] : texts.models.all}
        </a>
      ))}
    </nav>
  );
}

function Row({ row }: { row: Summary }) {
  return (
    <div class="model-row">
      <span class="model-name">
        <a href={href(["models", row.name])}>{row.name}</a>
        <span class="hint"> {texts.models.kindOf[row.kind]}</span>
      </span>
      <span class="hint model-facts">
        {[texts.models.origins[row.origin], ...factsOf(row)].join(" · ")}
        {row.created && " · "}
        {row.created && <Time at={row.created} />}
      </span>
    </div>
  );
}

/** What tells one model from another, shortest first. */
function factsOf(row: Summary): string[] {
  if (row.kind === "start_weights") return [row.source];
  const seen = texts.models.seenCount(count(row.seen_cases));
  if (row.kind === "generator") {
    return [seen, texts.models.sampling(row.sampling.sampler, row.sampling.steps)];
  }
  const dice = row.validation_dice.real?.WT;
  return [
    ...(row.made_by ? [mixOf(row.made_by)] : []),
    ...(typeof dice === "number" ? [texts.models.diceShort(number(dice, 3))] : []),
    seen,
  ];
}

interface MadeBy {
  readonly alphas: readonly number[];
  readonly controls: readonly string[];
  readonly seed: number;
}

/** Name the mix that a segmenter was trained on. */
export function mixOf({ alphas, controls, seed }: MadeBy): string {
  const named = [
    ...alphas.map((each) => `α ${alpha(each)}`),
    ...controls.map(
      (control) =>
        texts.newExperiment.controlNames[
          control as keyof typeof texts.newExperiment.controlNames
        ] ?? control,
    ),
  ];
  return texts.models.mix(named.join(", "), seed);
}

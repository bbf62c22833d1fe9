/** The trainings of an experiment: one is chosen, and its curves are drawn while it goes on. */
import { useMemo, useRef, useState } from "preact/hooks";
import type { Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { lazy } from "../../../ui/lazy";
import { useLoaded } from "../../../ui/loaded";
import { count } from "../../../ui/numbers";
import { Field, Loading, ProblemBox } from "../../../ui/parts";
import { nameArm, PAGE, readTrainings, type SegmenterTraining } from "../../training/arms";
import { diceOf, lossOf } from "../../training/points";
import { type Experiment, isFinal } from "../names";

/** Loaded once a training has something to draw. */
const Curves = lazy(async () => (await import("../../training/curves")).Curves);

const EVERY_MS = 10_000;

export function Training({ of }: { of: Experiment }) {
  const total = of.steps.by_kind.train_segmenter?.total ?? 0;
  return total ? <Trainings of={of} /> : null;
}

function Trainings({ of }: { of: Experiment }) {
  const [after, setAfter] = useState(0);
  const [chosen, setChosen] = useState<string>();
  const over = useRef(false);
  over.current = isFinal(of); // one more look is taken after the end
  const { data, problem, reload } = useLoaded(
    (signal) => readTrainings(of.id, after, signal),
    [of.id, after],
    { everyMs: EVERY_MS, again: () => !over.current },
  );
  const items = data?.items ?? [];
  const shown = items.find((each) => keyOf(each) === chosen) ?? mostTelling(items);
  return (
    <section class="card">
      <h2>{texts.experiment.training}</h2>
      {shown && <Choice items={items} chosen={keyOf(shown)} choose={setChosen} />}
      <Turn after={after} more={data?.next != null} turn={setAfter} />
      {problem && !data && <ProblemBox problem={problem} retry={reload} />}
      {!problem && !data && <Loading />}
      {shown?.history && <Drawn history={shown.history} iterations={shown.iterations} />}
      {data && !shown?.history && <p class="hint">{texts.experiment.noCurve}</p>}
    </section>
  );
}

interface DrawnProps {
  readonly history: Schemas["HistoryBody"];
  readonly iterations: number;
}

function Drawn({ history, iterations }: DrawnProps) {
  const points = useMemo(() => ({ loss: lossOf(history), dice: diceOf(history) }), [history]);
  return <Curves {...points} iterations={iterations} />;
}

interface TurnProps {
  readonly after: number;
  readonly more: boolean;
  readonly turn: (after: number) => void;
}

function Turn({ after, more, turn }: TurnProps) {
  if (!after && !more) return null;
  return (
    <p class="row">
      {after > 0 && (
        <button type="button" onClick={() => turn(after - PAGE)}>
          {texts.experiment.earlier}
        </button>
      )}
      {more && (
        <button type="button" onClick={() => turn(after + PAGE)}>
          {texts.experiment.later}
        </button>
      )}
    </p>
  );
}

interface ChoiceProps {
  readonly items: readonly SegmenterTraining[];
  readonly chosen: string;
  readonly choose: (key: string) => void;
}

function Choice({ items, chosen, choose }: ChoiceProps) {
  return (
    <Field label={texts.experiment.run}>
      {(ids) => (
        <select {...ids} value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
          {items.map((each) => (
            <option key={keyOf(each)} value={keyOf(each)}>
              {nameTraining(each)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** One that runs, else the first that has begun. */
function mostTelling(items: readonly SegmenterTraining[]): SegmenterTraining | undefined {
  return (
    items.find(({ state, history }) => state === "running" && history) ??
    items.find(({ history }) => history) ??
    items[0]
  );
}

function keyOf({ alpha, seed, control }: SegmenterTraining): string {
  return JSON.stringify([alpha, seed, control]);
}

function nameTraining(of: SegmenterTraining): string {
  const done = of.progress?.done ?? of.history?.iterations ?? 0;
  const far = texts.common.of(count(done), count(of.iterations));
  return `${nameArm(of)}: ${texts.experiment.work[of.state]}, ${far}`;
}

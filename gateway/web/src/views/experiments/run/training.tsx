/** The trainings of an experiment: one is chosen, and its curves are drawn while it goes on. */
import { type ComponentType, Fragment } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, ok, type Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { useLoaded } from "../../../ui/loaded";
import { alpha, count } from "../../../ui/numbers";
import { Field, Loading, ProblemBox } from "../../../ui/parts";
import { type Experiment, isFinal } from "../names";

export type TrainingBody = Schemas["TrainingBody"];
type Drawn = ComponentType<{ readonly of: TrainingBody }>;

const EVERY_MS = 10_000;
const PAGE = 20;

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
      {shown?.history && <Curves of={shown} />}
      {data && !shown?.history && <p class="hint">{texts.experiment.noCurve}</p>}
    </section>
  );
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
  readonly items: readonly TrainingBody[];
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

/** The charts are loaded once a training has something to draw. */
function Curves({ of }: { of: TrainingBody }) {
  const [drawn, setDrawn] = useState<{ readonly Curves: Drawn }>();
  useEffect(() => {
    import("./curves").then(setDrawn, () => undefined); // the numbers above stay
  }, []);
  return drawn ? <drawn.Curves of={of} /> : <Fragment />;
}

/** One that runs, else the first that has begun. */
function mostTelling(items: readonly TrainingBody[]): TrainingBody | undefined {
  return (
    items.find(({ state, history }) => state === "running" && history) ??
    items.find(({ history }) => history) ??
    items[0]
  );
}

function keyOf({ alpha, seed, control }: TrainingBody): string {
  return JSON.stringify([alpha, seed, control]);
}

function nameTraining(of: TrainingBody): string {
  const mix = of.alpha === null ? [] : [texts.experiments.alphas(alpha(of.alpha))];
  const control = of.control ? [texts.newExperiment.controlNames[of.control]] : [];
  const done = of.progress?.done ?? of.history?.iterations ?? 0;
  const far = texts.common.of(count(done), count(of.iterations));
  const seed = texts.experiment.seed(of.seed);
  return `${[...mix, ...control, seed].join(", ")}: ${texts.experiment.work[of.state]}, ${far}`;
}

function readTrainings(id: string, after: number, signal: AbortSignal) {
  const params = { path: { experiment_id: id }, query: { limit: PAGE, cursor: after } };
  return ok(api.GET("/experiments/{experiment_id}/training", { params, signal }));
}

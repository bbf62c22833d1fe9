/** Train a generator on the cases of a dataset. */
import { useState } from "preact/hooks";
import { api, ok } from "../../api/client";
import { href } from "../../router";
import { texts } from "../../texts";
import { useAction } from "../../ui/action";
import { useLoaded } from "../../ui/loaded";
import { Empty, Field, Head, ProblemBox } from "../../ui/parts";
import { Made, NameField } from "./import";
import { once, saidOf, unsaid } from "./read";

const FIELDS = ["/name", "/train/dataset", "/train/iterations", "/train/seed", "/train/start"];

export function TrainModel() {
  const [job, setJob] = useState<string>();
  const choices = useLoaded(readChoices, []);
  const { run, busy, problem } = useAction(async (form: HTMLFormElement) => {
    setJob(await train(new FormData(form)));
  });
  const submit = (event: Event) => {
    event.preventDefault();
    void run(event.currentTarget as HTMLFormElement);
  };
  const rest = unsaid(problem, FIELDS);
  const { datasets = [], generators = [] } = choices.data ?? {};
  return (
    <>
      <Head
        title={texts.models.train}
        trail={<a href={href(["models"])}>{texts.models.title}</a>}
      />
      {choices.problem && <ProblemBox problem={choices.problem} retry={choices.reload} />}
      {choices.data && datasets.length === 0 && <NoDataset />}
      {datasets.length > 0 && (
        <form class="card model-form" onSubmit={submit}>
          <p>{texts.models.trainHint}</p>
          <NameField said={saidOf(problem, "/name")} />
          <Select
            label={texts.models.dataset}
            name="dataset"
            problem={saidOf(problem, "/train/dataset")}
          >
            {datasets.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
          <Select label={texts.models.start} name="start" problem={saidOf(problem, "/train/start")}>
            <option value="">{texts.models.startNone}</option>
            {generators.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </Select>
          <Whole
            {...{ label: texts.models.iterations, name: "iterations", first: 4000, least: 1 }}
            said={saidOf(problem, "/train/iterations")}
          />
          <Whole
            {...{ label: texts.models.seed, name: "seed", first: 0, least: 0 }}
            said={saidOf(problem, "/train/seed")}
          />
          {rest && <ProblemBox problem={rest} />}
          <button type="submit" class="main-button" disabled={busy}>
            {texts.models.trainSubmit}
          </button>
        </form>
      )}
      {job && <Made key={job} job={job} />}
    </>
  );
}

function NoDataset() {
  return (
    <Empty title={texts.models.noDatasetTitle}>
      <p>{texts.models.noDataset}</p>
      <p>
        <a href={href(["datasets"])}>{texts.nav.datasets}</a>
      </p>
    </Empty>
  );
}

interface SelectProps {
  readonly label: string;
  readonly name: string;
  readonly problem: string | undefined;
  readonly children: preact.ComponentChildren;
}

function Select({ label, name, problem, children }: SelectProps) {
  return (
    <Field label={label} problem={problem}>
      {(ids) => (
        <select {...ids} name={name}>
          {children}
        </select>
      )}
    </Field>
  );
}

interface WholeProps {
  readonly label: string;
  readonly name: string;
  readonly first: number;
  readonly least: number;
  readonly said: string | undefined;
}

function Whole({ label, name, first, least, said }: WholeProps) {
  return (
    <Field label={label} problem={said}>
      {(ids) => (
        <input
          {...ids}
          name={name}
          type="number"
          min={least}
          step={1}
          defaultValue={first}
          required
        />
      )}
    </Field>
  );
}

async function readChoices() {
  const [datasets, models] = await Promise.all([
    ok(api.GET("/datasets", { params: { query: { state: "ready", limit: 200 } } })),
    ok(api.GET("/models", { params: { query: { kind: "generator", limit: 200 } } })),
  ]);
  return { datasets: datasets.items, generators: models.items.map(({ name }) => name) };
}

async function train(given: FormData): Promise<string> {
  const text = (name: string) => String(given.get(name) ?? "").trim();
  const start = text("start");
  const body = {
    name: text("name"),
    train: {
      dataset: text("dataset"),
      iterations: Number(text("iterations")),
      seed: Number(text("seed")),
      ...(start ? { start } : {}),
    },
  };
  const params = { query: { dry_run: false }, header: once() };
  const made = await ok(api.POST("/models", { body, params }));
  return "id" in made ? made.id : "";
}

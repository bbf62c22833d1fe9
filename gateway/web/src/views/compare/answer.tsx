/** What a comparison found: who is compared, settings, factors and paired differences. */
import { Fragment } from "preact";
import { api, ok, type Schemas } from "../../api/client";
import { href } from "../../router";
import { texts } from "../../texts";
import { useLoaded } from "../../ui/loaded";
import { count } from "../../ui/numbers";
import { Loading, ProblemBox } from "../../ui/parts";
import { DataTable } from "../../ui/table";
import { type Words, wordsOf } from "../experiments/results/data/origin";
import { type Answer, mixesDefinitions, nameExperiments, nameSetting, writeValue } from "./data";
import { SideBySide } from "./factors";
import { Paired } from "./paired";
import "../experiments/results/results.css";

export function Compared({ ids }: { ids: readonly string[] }) {
  const { data, problem, reload } = useLoaded(
    (signal) => ok(api.POST("/comparisons", { body: { experiments: [...ids] }, signal })),
    [ids.join(",")],
  );
  if (!data) return problem ? <ProblemBox problem={problem} retry={reload} /> : <Loading />;
  const answer = data as Answer;
  const words = wordsOf(...answer.experiments.map((each) => each.origin));
  return <AnswerView answer={answer} words={words} />;
}

interface AnswerProps {
  readonly answer: Answer;
  readonly words: Words;
}

function AnswerView({ answer, words }: AnswerProps) {
  const names = nameExperiments(answer.experiments);
  return (
    <div class="results compared">
      <section class="card" aria-labelledby="compared-title">
        <h2 id="compared-title">{texts.compare.experiments}</h2>
        {mixesDefinitions(answer) && <p class="notice">{texts.compare.mixedDefinitions}</p>}
        <ExperimentTable experiments={answer.experiments} names={names} />
      </section>
      <Settings settings={answer.settings} names={names} />
      <SideBySide answer={answer} words={words} />
      <Paired answer={answer} names={names} words={words} />
    </div>
  );
}

interface ExperimentTableProps {
  readonly experiments: Answer["experiments"];
  readonly names: ReadonlyMap<string, string>;
}

function ExperimentTable({ experiments, names }: ExperimentTableProps) {
  const columns = [
    { label: texts.common.name },
    { label: texts.compare.testCases, numeric: true },
    { label: texts.results.seeds },
    { label: texts.compare.definition },
    { label: texts.compare.digest },
  ];
  const rows = experiments.map((each, at) => [
    <Fragment key={each.id}>
      <a href={href(["experiments", each.id, "results"])}>{names.get(each.id)}</a>
      {at === 0 && <small class="hint"> {texts.compare.first}</small>}
      {each.partial && <small class="hint"> {texts.compare.partial}</small>}
    </Fragment>,
    count(each.test_cases),
    each.seeds.join(", "),
    each.definition,
    <code key="digest" class="digest">
      {each.digest}
    </code>,
  ]);
  return <DataTable caption={texts.compare.experiments} columns={columns} rows={rows} />;
}

interface SettingsProps {
  readonly settings: readonly Schemas["Setting"][];
  readonly names: ReadonlyMap<string, string>;
}

function Settings({ settings, names }: SettingsProps) {
  const columns = [
    { label: texts.compare.setting },
    ...[...names.values()].map((label) => ({ label })),
  ];
  const rows = settings.map(({ setting, values }) => [
    nameSetting(setting),
    ...values.map(writeValue),
  ]);
  return (
    <section class="card" aria-labelledby="settings-title">
      <h2 id="settings-title">{texts.compare.settings}</h2>
      {settings.length === 0 ? (
        <p>{texts.compare.noSettings}</p>
      ) : (
        <DataTable caption={texts.compare.settings} columns={columns} rows={rows} />
      )}
    </section>
  );
}

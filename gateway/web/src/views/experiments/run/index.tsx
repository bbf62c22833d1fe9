/** One experiment: how far it is, and what it gave. */
import { useRef } from "preact/hooks";
import { href } from "../../../router";
import { texts } from "../../../texts";
import { Empty, Head, Loading, ProblemBox, State } from "../../../ui/parts";
import { Tabs } from "../../../ui/tabs";
import { type Experiment, hasResults, nameOf } from "../names";
import { Actions } from "./actions";
import { useLive } from "./live";
import { Progress } from "./progress";
import { RESULT_PARTS } from "./results";
import "./run.css";

const TABS = ["progress", "results", "cases", "figures", "downloads"] as const;
type TabName = (typeof TABS)[number];

interface RunProps {
  readonly id: string;
  readonly tab: string | undefined;
}

export function OneExperiment({ id, tab }: RunProps) {
  const { experiment, problem, look } = useLive(id);
  if (!experiment) {
    return problem ? (
      <>
        <Head title={texts.experiment.title} trail={<Trail />} />
        <ProblemBox problem={problem} retry={look} />
      </>
    ) : (
      <Loading />
    );
  }
  return (
    <>
      <Head title={nameOf(experiment)} trail={<Trail />}>
        <Actions of={experiment} look={look} />
      </Head>
      <p class="run-state" role="status">
        <State of={experiment.state} />
        {experiment.tags.map((tag) => (
          <span key={tag} class="tag">
            {tag}
          </span>
        ))}
        {problem && <span class="run-lost">{texts.experiment.lost}</span>}
      </p>
      <Parts of={experiment} tab={tab} />
    </>
  );
}

function Trail() {
  return <a href={href(["experiments"])}>{texts.experiments.title}</a>;
}

function Parts({ of, tab }: { of: Experiment; tab: string | undefined }) {
  // Without a tab in the address it is chosen once: what a reader looks at is not taken away.
  const first = useRef<TabName>(hasResults(of) ? "results" : "progress");
  const chosen = TABS.find((name) => name === tab) ?? first.current;
  const tabs = TABS.map((name) => ({
    name,
    label: texts.experiment.tab[name],
    address: href(["experiments", of.id, name]),
  }));
  return (
    <Tabs label={texts.experiment.tabs} tabs={tabs} chosen={chosen}>
      {chosen === "progress" ? <Progress of={of} /> : <Outcome of={of} part={chosen} />}
    </Tabs>
  );
}

function Outcome({ of, part }: { of: Experiment; part: Exclude<TabName, "progress"> }) {
  const Shown = RESULT_PARTS[part];
  if (hasResults(of)) return <Shown experiment={of} />;
  return (
    <Empty title={texts.experiment.noResults}>
      <p>{texts.experiment.noResultsHint}</p>
      <a class="button" href={href(["experiments", of.id, "progress"])}>
        {texts.experiment.seeProgress}
      </a>
    </Empty>
  );
}

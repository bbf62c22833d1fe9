/**
 * The results of an experiment: the verdict in words, then what it rests on.
 *
 * `Results`, `Cases`, `Figures` and `Downloads` are tabs of the experiment's view.
 */
import type { ComponentChildren } from "preact";
import type { Schemas } from "../../../api/client";
import { href } from "../../../router";
import { texts } from "../../../texts";
import { Empty, Loading, ProblemBox } from "../../../ui/parts";
import { CaseBrowser } from "./cases";
import { Claims } from "./claims";
import { Controls } from "./controls";
import { Curve } from "./curve";
import { wordsOf } from "./data/origin";
import type { Results as Found } from "./data/types";
import { FileList, Provenance } from "./downloads";
import { Factors } from "./factors";
import { FigureList } from "./figures";
import { Floors } from "./floors";
import { canHaveResults, useResults } from "./load";
import { Size } from "./size";
import { Twins } from "./twins";
import { Verdict } from "./verdict";
import "./results.css";

interface TabProps {
  readonly experiment: Schemas["ExperimentBody"];
}

export function Results({ experiment }: TabProps) {
  const words = wordsOf(experiment.spec.origin);
  return (
    <WithResults experiment={experiment}>
      {(results) => (
        <div class="results">
          <Verdict results={results} words={words} />
          <Factors results={results} words={words} />
          <Curve results={results} words={words} />
          <Controls results={results} words={words} />
          <Floors results={results} />
          <Twins twins={results.twins} />
          <Size results={results} words={words} />
          <Claims claims={results.claims} />
        </div>
      )}
    </WithResults>
  );
}

export function Cases({ experiment }: TabProps) {
  return (
    <WithResults experiment={experiment}>
      {(results) => <CaseBrowser experiment={experiment} results={results} />}
    </WithResults>
  );
}

export function Figures({ experiment }: TabProps) {
  if (!canHaveResults(experiment)) return <NoResults experiment={experiment} />;
  return (
    <div class="results">
      <FigureList experiment={experiment} />
    </div>
  );
}

export function Downloads({ experiment }: TabProps) {
  return (
    <WithResults experiment={experiment}>
      {(results) => (
        <div class="results">
          <FileList experiment={experiment} />
          <Provenance experiment={experiment} results={results} />
        </div>
      )}
    </WithResults>
  );
}

interface WithResultsProps extends TabProps {
  readonly children: (results: Found) => ComponentChildren;
}

function WithResults({ experiment, children }: WithResultsProps) {
  if (!canHaveResults(experiment)) return <NoResults experiment={experiment} />;
  return <LoadedResults experiment={experiment}>{children}</LoadedResults>;
}

function LoadedResults({ experiment, children }: WithResultsProps) {
  const { data, problem, reload } = useResults(experiment);
  if (!data) return problem ? <ProblemBox problem={problem} retry={reload} /> : <Loading />;
  return <>{children(data)}</>;
}

function NoResults({ experiment }: TabProps) {
  const over = experiment.state === "failed" || experiment.state === "cancelled";
  return (
    <Empty title={texts.results.none}>
      <p>{over ? texts.results.noneFailed : texts.results.noneYet}</p>
      <p>
        <a class="button" href={href(["experiments", experiment.id, "progress"])}>
          {texts.results.toProgress}
        </a>
      </p>
    </Empty>
  );
}

/** The verdict, in words: what is recommended, what each test found, and what to keep in mind. */
import type { ComponentChildren } from "preact";
import type { Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { count, interval, number, percent, alpha as writeAlpha } from "../../../ui/numbers";
import { DataTable } from "../../../ui/table";
import { sayMissing } from "./data/missing";
import type { Words } from "./data/origin";
import type { Results } from "./data/types";
import {
  collectWarnings,
  type Finding,
  judgePerformance,
  judgePrediction,
  sayFindings,
} from "./data/verdicts";

interface VerdictProps {
  readonly results: Results;
  readonly words: Words;
}

export function Verdict({ results, words }: VerdictProps) {
  return (
    <section class="card verdict" aria-labelledby="verdict-title">
      <h2 id="verdict-title">{texts.results.verdictTitle}</h2>
      {results.missing && <Missing missing={results.missing} />}
      {results.recommendation ? (
        <Answer found={results.recommendation} />
      ) : (
        !results.missing && <p class="notice">{texts.results.noRecommendation}</p>
      )}
      {results.definition === "rajababu2025/1" && <p>{texts.results.definitionOne}</p>}
      <Performance results={results} words={words} />
      <Prediction results={results} words={words} />
      <p class="hint">{texts.results.undecidedNote}</p>
      <Warnings results={results} words={words} />
    </section>
  );
}

function Missing({ missing }: { missing: Schemas["MissingParts"] }) {
  return (
    <div class="notice">
      <strong>{texts.results.missingTitle}</strong>
      <Sentences of={sayMissing(missing)} />
    </div>
  );
}

function Answer({ found }: { found: Schemas["Recommendation"] }) {
  const { kind } = found.all_regions;
  return (
    <>
      <p class={`result-answer answer-${kind.replaceAll(" ", "-")}`}>
        <span class="answer-kind">{texts.results.answerKinds[kind] ?? kind}</span>
        <span class="answer-sentence">{found.sentence}</span>
      </p>
      <Sentences of={found.details} />
      <details>
        <summary>{texts.results.testsTitle}</summary>
        <DataTable
          caption={texts.results.testsTitle}
          columns={[
            { label: texts.results.region },
            { label: texts.results.alpha, numeric: true },
            { label: texts.results.difference, numeric: true },
            { label: texts.results.worstCase },
            { label: texts.results.verdict },
            { label: texts.results.why },
            { label: texts.results.neededTitle },
          ]}
          rows={Object.entries(found.regions).flatMap(([region, own]) => testRows(region, own))}
        />
      </details>
    </>
  );
}

function testRows(region: string, own: Schemas["RegionRecommendation"]): string[][] {
  if (own.tests.length === 0) {
    return [[region, number(own.stopped_at), "", "", "", own.reason ?? "", sayNeeded(own.needed)]];
  }
  return own.tests.map((test) => [
    region,
    writeAlpha(test.alpha),
    number(test.difference),
    interval(test.low === null || test.high === null ? null : [test.low, test.high]),
    texts.results.shareTests[test.verdict] ?? test.verdict,
    test.reason ?? "",
    test.alpha === own.stopped_at ? sayNeeded(own.needed) : "",
  ]);
}

function sayNeeded(needed: Schemas["Needed"] | null): string {
  if (needed?.cases == null || needed.seeds === null || needed.power === null) return "";
  return texts.results.needed(count(needed.cases), count(needed.seeds), percent(needed.power));
}

function Performance({ results, words }: VerdictProps) {
  const findings = judgePerformance(results.alphas);
  const margin = results.alphas.find((arm) => arm.versus_real)?.versus_real?.margin;
  const title = texts.results.performance(words.realImages, words.realAlone);
  return (
    <Findings title={title} findings={findings} margin={margin}>
      {findings.length === 0 && <p>{texts.results.noBaseline(words.realAlone)}</p>}
    </Findings>
  );
}

function Prediction({ results, words }: VerdictProps) {
  const findings = judgePrediction(results.alphas);
  const margin = results.alphas.find((arm) => arm.trust)?.trust?.equivalence.margin;
  const title = texts.results.prediction(words.realOnes);
  return <Findings title={title} findings={findings} margin={margin} />;
}

interface FindingsProps {
  readonly title: string;
  readonly findings: readonly Finding[];
  readonly margin: number | undefined;
  readonly children?: ComponentChildren;
}

function Findings({ title, findings, margin, children }: FindingsProps) {
  const rows = findings.map((each) => [
    writeAlpha(each.alpha),
    each.region,
    number(each.difference),
    interval(each.ci90),
    texts.results.kinds[each.kind],
    each.reason ? (texts.results.reasons[each.reason] ?? each.reason) : "",
  ]);
  return (
    <>
      <h3>{title}</h3>
      {children}
      {findings.length > 0 && (
        <>
          {margin !== undefined && <p class="hint">{texts.results.margin(number(margin))}</p>}
          <Sentences of={sayFindings(findings)} />
          <details>
            <summary>{texts.common.table}</summary>
            <DataTable caption={title} columns={FINDING_COLUMNS} rows={rows} />
          </details>
        </>
      )}
    </>
  );
}

const FINDING_COLUMNS = [
  { label: texts.results.alpha, numeric: true },
  { label: texts.results.region },
  { label: texts.results.difference, numeric: true },
  { label: texts.results.interval90 },
  { label: texts.results.verdict },
  { label: texts.results.why },
];

function Warnings({ results, words }: VerdictProps) {
  const caution = words.caution ? [words.caution] : [];
  const warnings = [...caution, ...collectWarnings(results.alphas)];
  if (warnings.length === 0) return null;
  return (
    <>
      <h3>{texts.results.warningsTitle}</h3>
      <Sentences of={warnings} />
    </>
  );
}

function Sentences({ of }: { of: readonly string[] }) {
  return (
    <ul class="sentences">
      {of.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}

/** What was found in the folder, before anything is sent: the cases, and all that stays here. */
import { texts } from "../../../texts";
import { bytes, count } from "../../../ui/numbers";
import { DataTable } from "../../../ui/table";
import { VirtualList } from "../../../ui/virtual";
import type { FoundCase, Survey, Unfit } from "./intake/outcomes";

interface FoundProps {
  readonly survey: Survey;
  readonly goOn: boolean;
  readonly problem: string | undefined;
  readonly onGoOn: (goOn: boolean) => void;
}

export function Found({ survey, goOn, problem, onGoOn }: FoundProps) {
  const { cases, unfit } = survey;
  return (
    <section class="card" aria-label={texts.upload.foundTitle}>
      <h2>{cases.length ? texts.upload.foundTitle : texts.upload.nothingTitle}</h2>
      <p role="status">{cases.length ? summaryOf(cases) : texts.upload.nothing}</p>
      {cases.length > 0 && (
        <details>
          <summary>{texts.upload.foundCases}</summary>
          <VirtualList
            rows={cases}
            rowPx={58}
            label={texts.upload.foundCases}
            keyOf={({ id }) => id}
          >
            {(found) => <CaseRow found={found} />}
          </VirtualList>
        </details>
      )}
      {unfit.length > 0 && <UnfitTable unfit={unfit} />}
      {unfit.length > 0 && cases.length > 0 && (
        <GoOn count={unfit.length} goOn={goOn} problem={problem} onGoOn={onGoOn} />
      )}
      <Ignored survey={survey} />
    </section>
  );
}

export function summaryOf(cases: readonly FoundCase[]): string {
  const files = cases.flatMap((found) => Object.values(found.files));
  const size = files.reduce((sum, file) => sum + file.size, 0);
  return texts.upload.found(texts.common.cases(cases.length), count(files.length), bytes(size));
}

function CaseRow({ found }: { found: FoundCase }) {
  return (
    <div class="found-row">
      <strong>{found.id}</strong>
      <span class="hint">
        {Object.entries(found.files)
          .map(([role, file]) => `${role}: ${file.name}`)
          .join(", ")}
      </span>
    </div>
  );
}

function UnfitTable({ unfit }: { unfit: readonly Unfit[] }) {
  return (
    <>
      <h3>{texts.upload.unfit(count(unfit.length))}</h3>
      <p class="hint">{texts.upload.unfitHint}</p>
      <div class="unfit">
        <DataTable
          caption={texts.upload.unfit(count(unfit.length))}
          columns={[
            { label: texts.upload.where },
            { label: texts.upload.what },
            { label: texts.upload.why },
          ]}
          rows={unfit.map(({ kind, label, reason }) => [label, texts.upload.kinds[kind], reason])}
        />
      </div>
    </>
  );
}

interface GoOnProps {
  readonly count: number;
  readonly goOn: boolean;
  readonly problem: string | undefined;
  readonly onGoOn: (goOn: boolean) => void;
}

function GoOn({ count: some, goOn, problem, onGoOn }: GoOnProps) {
  return (
    <>
      <label class="choice">
        <input
          type="checkbox"
          checked={goOn}
          aria-invalid={problem ? true : undefined}
          aria-describedby={problem ? "go-on-problem" : undefined}
          onChange={(event) => onGoOn(event.currentTarget.checked)}
        />
        <span>{texts.upload.goOn(count(some))}</span>
      </label>
      {problem && (
        <p class="field-problem" id="go-on-problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

/** Nothing is left out in silence: tables, notes and hidden files are told too. */
function Ignored({ survey }: { survey: Survey }) {
  const names = [
    ...survey.notRead,
    ...survey.cases.flatMap(({ label, ignored }) => ignored.map((name) => `${label}/${name}`)),
  ];
  return (
    <>
      {names.length > 0 && (
        <details>
          <summary>{texts.upload.ignored(count(names.length))}</summary>
          <VirtualList
            rows={names}
            rowPx={28}
            label={texts.upload.ignored(count(names.length))}
            keyOf={(name) => name}
          >
            {(name) => <code class="ignored-row">{name}</code>}
          </VirtualList>
        </details>
      )}
      {survey.hidden > 0 && <p class="hint">{texts.upload.hidden(count(survey.hidden))}</p>}
    </>
  );
}

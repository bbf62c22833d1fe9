/** One case in the list, with every warning and every reason of a refusal. */
import { href } from "../../router";
import { texts } from "../../texts";
import { fixed } from "../../ui/numbers";
import { State } from "../../ui/parts";
import type { Dataset } from "./read";
import { type Case, REGIONS } from "./sorting";

interface CaseRowProps {
  readonly dataset: Dataset;
  readonly each: Case;
  readonly onLeave: (each: Case) => void;
}

export function CaseRow({ dataset, each, onLeave }: CaseRowProps) {
  return (
    <div class="case-row">
      <div class="case-grid">
        <span class="case-state">
          <State of={each.state} />
        </span>
        <strong class="case-id">{each.id}</strong>
        <span class="case-patient">
          {each.patient}
          {each.group && ` · ${each.group}`}
        </span>
        {REGIONS.map((region) => (
          <span key={region} class={`case-${region} number`}>
            <span class="case-unit">{region} </span>
            {fixed(each.region_volumes_ml?.[region], 1)}
            <span class="case-unit"> {texts.datasets.millilitres}</span>
          </span>
        ))}
        <CaseActions dataset={dataset} each={each} onLeave={onLeave} />
      </div>
      {each.problems.length > 0 && <Problems each={each} />}
      {each.warnings.length > 0 && (
        <ul class="case-notes case-warnings">
          {each.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Problems({ each }: { each: Case }) {
  return (
    <ul class="case-notes case-problems">
      {each.problems.map(({ file, field, reason }) => (
        <li key={`${file} ${field} ${reason}`}>
          <strong>{file}</strong>
          {field && <code> {field}</code>}: {reason}
        </li>
      ))}
    </ul>
  );
}

function CaseActions({ dataset, each, onLeave }: CaseRowProps) {
  const { datasets } = texts;
  const canLeave = dataset.state !== "inspecting" && each.state !== "withdrawn";
  const isReady = dataset.state === "ready";
  return (
    <span class="case-actions">
      {isReady && each.state === "ready" && (
        <a
          href={href(["viewer"], { dataset: dataset.id, case: each.id })}
          aria-label={datasets.viewCase(each.id)}
        >
          {datasets.view}
        </a>
      )}
      {canLeave && (
        <button
          type="button"
          class="quiet-button"
          aria-label={isReady ? datasets.withdrawCase(each.id) : datasets.removeCase(each.id)}
          onClick={() => onLeave(each)}
        >
          {isReady ? datasets.withdraw : datasets.remove}
        </button>
      )}
    </span>
  );
}

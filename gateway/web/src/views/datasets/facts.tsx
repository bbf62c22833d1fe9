/** What a dataset is: its grid, what its labels mean, its digest, and what was noticed. */
import { texts } from "../../texts";
import { count, number } from "../../ui/numbers";
import { Time } from "../../ui/parts";
import type { Dataset } from "./read";

export function Facts({ dataset }: { dataset: Dataset }) {
  const { datasets, common } = texts;
  return (
    <section class="card" aria-label={datasets.facts}>
      <dl class="facts">
        <dt>{common.id}</dt>
        <dd>
          <code>{dataset.id}</code>
        </dd>
        <dt>{datasets.cases}</dt>
        <dd>{count(dataset.progress.total)}</dd>
        <dt>{datasets.origin}</dt>
        <dd>{texts.origins[dataset.origin]}</dd>
        <dt>{datasets.grid}</dt>
        <dd>{gridText(dataset.grid)}</dd>
        <dt>{datasets.scheme}</dt>
        <dd>{schemeText(dataset.scheme)}</dd>
        <dt>{datasets.digest}</dt>
        <dd>{dataset.digest ? <code>{dataset.digest}</code> : datasets.noDigest}</dd>
        <dt>{common.tags}</dt>
        <dd>{dataset.tags.join(", ") || common.none}</dd>
        <dt>{common.created}</dt>
        <dd>
          <Time at={dataset.created} />
        </dd>
        {dataset.withdrawn.length > 0 && (
          <>
            <dt>{datasets.withdrawn}</dt>
            <dd>{dataset.withdrawn.join(", ")}</dd>
          </>
        )}
      </dl>
      {dataset.warnings.length > 0 && (
        <>
          <h2>{datasets.warnings}</h2>
          <ul>
            {dataset.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

export function gridText(grid: Dataset["grid"]): string {
  if (typeof grid === "string") return texts.datasets.gridNative;
  const edges = new Set(grid.spacing_mm).size === 1 ? [grid.spacing_mm[0]] : grid.spacing_mm;
  const spacing = edges.map((edge) => number(edge)).join(" × ");
  return texts.datasets.gridText(grid.shape.join(" × "), spacing);
}

function schemeText(scheme: Dataset["scheme"]): string {
  if (typeof scheme === "string") {
    const { name, values } = texts.upload.schemes[scheme];
    return `${name}: ${values}`;
  }
  return Object.entries(scheme)
    .map(([region, values]) => `${region} ${[values].flat().join(", ")}`)
    .join("; ");
}

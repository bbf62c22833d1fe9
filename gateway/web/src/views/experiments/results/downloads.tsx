/** The files of an experiment, and where its results come from. */
import type { Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { count, duration, alpha as writeAlpha } from "../../../ui/numbers";
import { nameKind } from "../../../ui/steps";
import { DataTable, Facts } from "../../../ui/table";
import { summariseSteps } from "./data/provenance";
import type { Results } from "./data/types";
import { FIGURES, figureAddress } from "./figures";

const FILES = [
  { key: "json", path: "results", name: "results.json" },
  { key: "csv", path: "results.csv", name: "results.csv" },
  { key: "html", path: "report.html", name: "report.html" },
  { key: "pdf", path: "report.pdf", name: "report.pdf" },
] as const;

export function FileList({ experiment }: { experiment: Schemas["ExperimentBody"] }) {
  const place = `experiments/${encodeURIComponent(experiment.id)}`;
  return (
    <section aria-labelledby="downloads-title">
      <h2 id="downloads-title">{texts.results.downloadsTitle}</h2>
      <ul class="card files">
        {FILES.map(({ key, path, name }) => {
          const [label = name, says = ""] = texts.results.files[key] ?? [];
          return (
            <li key={key}>
              <a href={`${place}/${path}`} download={name}>
                {label}
              </a>
              <span class="hint">{says}</span>
            </li>
          );
        })}
        <li>
          <span>{texts.results.figureFiles}</span>
          <FigureLinks experiment={experiment.id} />
        </li>
      </ul>
    </section>
  );
}

function FigureLinks({ experiment }: { experiment: string }) {
  return (
    <ul class="figure-links">
      {FIGURES.flatMap((name) =>
        (["svg", "png"] as const).map((kind) => (
          <li key={`${name}.${kind}`}>
            <a href={figureAddress(experiment, name, kind)} download={`${name}.${kind}`}>
              {`${name}.${kind}`}
            </a>
          </li>
        )),
      )}
    </ul>
  );
}

interface OriginProps {
  readonly experiment: Schemas["ExperimentBody"];
  readonly results: Results;
}

/** Facts to cite: digests, settings and versions, and the steps. */
export function Provenance({ experiment, results }: OriginProps) {
  const { facts } = texts.results;
  const { spec } = experiment;
  const { generator, segmenter } = spec;
  const said: [string, string][] = [
    [facts.definition, results.definition],
    [facts.digest, results.digest],
    [facts.experiment, experiment.id],
    [facts.datasetDigest, spec.dataset_digest],
    [
      facts.generator,
      facts.generatorIs(
        generator.name,
        generator.sampler,
        count(generator.steps),
        String(generator.seed),
      ),
    ],
    [facts.segmenter, facts.segmenterIs(segmenter.preset, count(segmenter.iterations))],
    [facts.mixing, spec.mixing],
    [facts.alphas, spec.alphas.map((each) => writeAlpha(Number(each))).join(", ")],
    [facts.seeds, spec.seeds.join(", ")],
    [
      facts.cases,
      facts.split(count(spec.train.length), count(spec.validation.length), count(spec.test.length)),
    ],
  ];
  const versions = results.provenance?.versions;
  if (versions) said.push([facts.platform, facts.versions(versions.syntrust, versions.python)]);
  return (
    <section class="card" aria-labelledby="provenance-title">
      <h2 id="provenance-title">{texts.results.provenance}</h2>
      <Facts of={said} />
      {results.provenance && <Steps steps={results.provenance.steps} />}
    </section>
  );
}

function Steps({ steps }: { steps: readonly Schemas["StepRecord"][] }) {
  const { results } = texts;
  const columns = [
    { label: results.step },
    { label: results.count, numeric: true },
    { label: results.computed, numeric: true },
    { label: results.retried, numeric: true },
    { label: results.hosts },
    { label: results.packages },
  ];
  const rows = summariseSteps(steps).map((each) => [
    nameKind(each.kind),
    count(each.count),
    duration(each.seconds),
    count(each.retried),
    each.hosts.join(", "),
    each.versions.join(", "),
  ]);
  return (
    <>
      <h3>{results.stepsTitle}</h3>
      <DataTable caption={results.stepsTitle} columns={columns} rows={rows} />
    </>
  );
}

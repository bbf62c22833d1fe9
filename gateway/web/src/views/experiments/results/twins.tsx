/** What was measured of the twins: fidelity to their cases, and whether they repeat them. */
import { useMemo, useState } from "preact/hooks";
import type { Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { count, interval, number } from "../../../ui/numbers";
import { Synthetic } from "../../../ui/parts";
import { DataTable } from "../../../ui/table";
import { ForestChart, type ForestSeries } from "./charts/forest";
import { lookOfSeries } from "./charts/looks";
import { Plate } from "./charts/parts";
import { type FidelityMeasure, type FidelityRow, fidelityRows, MEASURES } from "./data/fidelity";
import { nameRegion } from "./data/origin";
import { describeInterval } from "./data/range";

export function Twins({ twins }: { twins: Schemas["TwinSummary"] | null }) {
  return (
    <section aria-labelledby="twins-title">
      <h2 id="twins-title">
        {texts.results.twinsTitle} <Synthetic />
      </h2>
      {twins ? (
        <>
          <p>{texts.results.twinsCases(count(twins.fidelity.cases), count(twins.fidelity.seen))}</p>
          <PrivacyCard found={twins.privacy} />
          <FidelityPlate found={twins.fidelity} />
          <Distributions found={twins.fidelity} />
        </>
      ) : (
        <p>{texts.results.twinsNone}</p>
      )}
    </section>
  );
}

function FidelityPlate({ found }: { found: Schemas["Fidelity"] }) {
  const [measure, setMeasure] = useState<FidelityMeasure>("ms_ssim");
  const rows = useMemo(() => fidelityRows(found, measure), [found, measure]);
  const areas = useMemo(() => [...new Set(rows.map((row) => nameArea(row.area)))], [rows]);
  const series = useMemo(() => seriesOf(rows), [rows]);
  const { results } = texts;
  const name = results.measures[measure] ?? measure;
  return (
    <Plate
      title={results.fidelity}
      says={found.definitions[measure]?.text}
      looks={series.map((one) => one.look)}
      table={<FidelityTable name={name} rows={rows} />}
    >
      <label class="row result-choice">
        {results.measure}
        <select
          value={measure}
          onChange={(event) => setMeasure(event.currentTarget.value as FidelityMeasure)}
        >
          {MEASURES.map((each) => (
            <option key={each} value={each}>
              {results.measures[each]}
            </option>
          ))}
        </select>
      </label>
      <ForestChart
        label={name}
        xLabel={name}
        rows={areas}
        series={series}
        zero={measure === "contrast"}
      />
    </Plate>
  );
}

function nameArea(area: string): string {
  return texts.results.regions[area] && area.length > 3 ? texts.results.regions[area] : area;
}

function seriesOf(rows: readonly FidelityRow[]): readonly ForestSeries[] {
  const modalities = [...new Set(rows.map((row) => row.modality))];
  return modalities.map((modality, at) => {
    const name = texts.results.modalities[modality] ?? modality;
    return {
      look: lookOfSeries(at, modality, name),
      points: rows
        .filter((row) => row.modality === modality)
        .map(({ area, found }) => ({
          row: nameArea(area),
          value: found.value,
          low: found.ci?.[0] ?? null,
          high: found.ci?.[1] ?? null,
          title: [
            `${name}, ${nameRegion(area)}`,
            texts.results.hover(number(found.value), describeInterval(found)),
            texts.common.cases(found.n),
          ].join("\n"),
        })),
    };
  });
}

function FidelityTable({ name, rows }: { name: string; rows: readonly FidelityRow[] }) {
  const { results } = texts;
  const columns = [
    { label: results.modality },
    { label: results.area },
    { label: results.value, numeric: true },
    { label: results.interval },
    { label: results.spread, numeric: true },
    { label: results.cases, numeric: true },
  ];
  const cells = rows.map(({ modality, area, found }) => [
    results.modalities[modality] ?? modality,
    nameArea(area),
    number(found.value),
    describeInterval(found),
    number(found.sd),
    count(found.n),
  ]);
  return <DataTable caption={name} columns={columns} rows={cells} />;
}

function Distributions({ found }: { found: Schemas["Fidelity"] }) {
  const { results } = texts;
  const columns = [
    { label: results.area },
    { label: results.value, numeric: true },
    { label: results.interval },
    { label: results.pValue, numeric: true },
    { label: results.cases, numeric: true },
  ];
  const rows = Object.entries(found.mmd).map(([area, own]) => [
    nameArea(area),
    number(own.value),
    describeInterval(own),
    number(own.p),
    number(own.n),
  ]);
  return (
    <Plate title={results.mmd} says={found.definitions.mmd?.text}>
      <DataTable caption={results.mmd} columns={columns} rows={rows} />
      <Definitions of={found.definitions} />
    </Plate>
  );
}

function PrivacyCard({ found }: { found: Schemas["Privacy"] }) {
  const { results } = texts;
  const columns = [
    { label: results.embedding },
    { label: results.seenMean, numeric: true },
    { label: results.unseenMean, numeric: true },
    { label: results.difference, numeric: true },
    { label: results.pValue, numeric: true },
    { label: results.above },
    { label: results.why },
  ];
  const rows = Object.entries(found.embeddings).map(([name, own]) => [
    results.embeddings[name] ?? name,
    number(own.seen_mean),
    number(own.unseen_mean),
    number(own.difference),
    number(own.p_holm),
    own.above.value === null
      ? number(null)
      : results.hover(number(own.above.value), interval(own.above.ci)),
    own.reason ?? "",
  ]);
  const verdict = results.privacyVerdicts[found.verdict] ?? found.verdict;
  return (
    <Plate
      title={results.privacy}
      table={<DataTable caption={results.privacy} columns={columns} rows={rows} />}
    >
      <p>{[verdict, found.reason].filter(Boolean).join(" ")}</p>
      <Definitions of={found.definitions} />
    </Plate>
  );
}

function Definitions({ of }: { of: Readonly<Record<string, Schemas["MeasureDefinition"]>> }) {
  return (
    <details>
      <summary>{texts.results.definitions}</summary>
      <dl class="definitions">
        {Object.entries(of).map(([name, own]) => (
          <div key={name}>
            <dt>{texts.results.measures[name] ?? name}</dt>
            <dd>
              {own.text} {own.direction && `(${own.direction})`}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

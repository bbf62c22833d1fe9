/** The factors of several experiments side by side. */
import { useMemo, useState } from "preact/hooks";
import { texts } from "../../texts";
import { alpha as writeAlpha } from "../../ui/numbers";
import { DataTable } from "../../ui/table";
import { estimateCells } from "../experiments/results/charts/lines";
import { Plate } from "../experiments/results/charts/parts";
import { RangeChart } from "../experiments/results/charts/range";
import { FACTORS, type FactorName, pick } from "../experiments/results/data/factors";
import { nameRegion, type Words } from "../experiments/results/data/origin";
import {
  type Answer,
  domainAt,
  listPlaces,
  listRegions,
  nameExperiments,
  type Place,
  seriesAt,
} from "./data";

interface SideBySideProps {
  readonly answer: Answer;
  readonly words: Words;
}

export function SideBySide({ answer, words }: SideBySideProps) {
  const [factor, setFactor] = useState<FactorName>("t1");
  const places = useMemo(() => listPlaces(factor, listRegions(answer)), [answer, factor]);
  const domain = useMemo(() => domainAt(answer, places), [answer, places]);
  const panels = useMemo(
    () => places.map((place) => ({ place, series: seriesAt(answer, place) })),
    [answer, places],
  );
  const { name, says } = texts.results.factors[factor];
  return (
    <section aria-labelledby="side-title">
      <h2 id="side-title">{texts.compare.factors}</h2>
      <label class="row result-choice">
        {texts.compare.factor}
        <select
          value={factor}
          onChange={(event) => setFactor(event.currentTarget.value as FactorName)}
        >
          {FACTORS.map((each) => (
            <option key={each} value={each}>
              {texts.results.factors[each].name}
            </option>
          ))}
        </select>
      </label>
      <Plate
        title={name}
        says={`${says} ${texts.compare.factorsSay}`}
        looks={panels[0]?.series.map((one) => one.look) ?? []}
        table={<FactorTable answer={answer} places={places} words={words} />}
      >
        <div class="multiples">
          {panels.map(({ place, series }) => (
            <div key={`${factor} ${place.region} ${place.side}`}>
              <h4>{namePlace(place, words)}</h4>
              <RangeChart
                label={texts.results.overAlpha(texts.results.panel(name, namePlace(place, words)))}
                xLabel={texts.results.alpha}
                series={series}
                domain={domain}
              />
            </div>
          ))}
        </div>
      </Plate>
    </section>
  );
}

function namePlace({ region, side }: Place, words: Words): string {
  const images = side === "real" ? words.realImages : texts.results.syntheticImages;
  return [region && nameRegion(region), side && images].filter(Boolean).join(": ");
}

interface FactorTableProps extends SideBySideProps {
  readonly places: readonly Place[];
}

function FactorTable({ answer, places, words }: FactorTableProps) {
  const names = nameExperiments(answer.experiments);
  const rows = answer.alphas.flatMap((arm) =>
    places.flatMap((place) =>
      answer.experiments.map(({ id }, at) => {
        const found = arm.experiments[at];
        const own = found?.factors
          ? pick(found.factors, place.factor, place.side, place.region)
          : null;
        return [
          names.get(id) ?? id,
          writeAlpha(arm.alpha),
          namePlace(place, words),
          ...estimateCells(own, found?.reason),
        ];
      }),
    ),
  );
  const columns = [
    { label: texts.results.experimentOf },
    { label: texts.results.alpha, numeric: true },
    { label: texts.results.quantity },
    { label: texts.results.value, numeric: true },
    { label: texts.results.interval },
  ];
  return <DataTable caption={texts.compare.factors} columns={columns} rows={rows} />;
}

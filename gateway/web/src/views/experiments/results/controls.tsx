/** The control arms against the mixes of their α. */
import { useMemo } from "preact/hooks";
import type { Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { interval, number, alpha as writeAlpha } from "../../../ui/numbers";
import { DataTable, Facts } from "../../../ui/table";
import { estimateCells, toPoint } from "./charts/lines";
import { lookOfSeries } from "./charts/looks";
import { Plate } from "./charts/parts";
import { RangeChart, type Series } from "./charts/range";
import { groupBy } from "./data/group";
import type { Words } from "./data/origin";
import { chooseDomain } from "./data/range";
import type { Results } from "./data/types";
import { judgeRegion } from "./data/verdicts";

interface ControlsProps {
  readonly results: Results;
  readonly words: Words;
}

export function Controls({ results, words }: ControlsProps) {
  const { controls } = results;
  const series = useMemo(() => seriesOf(controls), [controls]);
  const domain = useMemo(() => {
    const points = series.flatMap((one) => one.points);
    return chooseDomain(points, [0]);
  }, [series]);
  const margin = controls.find((arm) => arm.versus_mix)?.versus_mix?.margin;
  const names = [...new Set(controls.map((arm) => arm.control))];
  return (
    <section aria-labelledby="controls-title">
      <h2 id="controls-title">{texts.results.controlsTitle}</h2>
      {controls.length === 0 ? (
        <p>{texts.results.noControls}</p>
      ) : (
        <Plate
          title={texts.results.controlsPlate}
          says={texts.results.controlsSay}
          looks={series.map((one) => one.look)}
          table={<ControlTable controls={controls} words={words} />}
        >
          {series.length > 0 && (
            <RangeChart
              label={texts.results.controlsSay}
              xLabel={texts.results.shareOf(words.real)}
              series={series}
              domain={domain}
              {...(margin === undefined ? {} : { margin })}
            />
          )}
          <Facts
            of={names.map((name) => [
              texts.results.controls[name] ?? name,
              texts.results.controlReads[name] ?? "",
            ])}
          />
        </Plate>
      )}
    </section>
  );
}

function seriesOf(controls: readonly Schemas["ControlArm"][]): readonly Series[] {
  const compared = controls.filter((arm) => arm.versus_mix && arm.alpha !== null);
  return [...groupBy(compared, (arm) => arm.control)].map(([control, arms], at) => {
    const name = texts.results.controls[control] ?? control;
    const points = arms.flatMap((arm) => {
      if (!arm.versus_mix || arm.alpha === null) return [];
      const { overall, cases } = arm.versus_mix;
      const estimate = { value: overall.difference, ci: overall.ci90 };
      return [toPoint({ alpha: arm.alpha, name, estimate, cases })];
    });
    return { look: lookOfSeries(at, control, name), points };
  });
}

function ControlTable({ controls, words }: { controls: Results["controls"]; words: Words }) {
  const { results } = texts;
  const rows = controls.map((arm) => {
    const versus = arm.versus_mix ?? arm.versus_real;
    const same = arm.mix?.same_as.length ? results.sameTrainings : "";
    return [
      results.controls[arm.control] ?? arm.control,
      arm.alpha === null ? number(null) : writeAlpha(arm.alpha),
      ...estimateCells(arm.trust?.factors.t1.real ?? null, arm.reason),
      number(versus?.overall.difference),
      interval(versus?.overall.ci90),
      versus ? results.kinds[judgeRegion(versus.overall)] : (arm.reason ?? same),
    ];
  });
  const columns = [
    { label: results.control },
    { label: results.alpha, numeric: true },
    { label: results.t1On(words.realImages), numeric: true },
    { label: results.interval },
    { label: results.difference, numeric: true },
    { label: results.interval90 },
    { label: results.verdict },
  ];
  return <DataTable caption={results.controlsTitle} columns={columns} rows={rows} />;
}

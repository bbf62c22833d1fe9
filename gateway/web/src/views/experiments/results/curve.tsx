/** Over α: the difference to training without synthetic images, and the gap of both test sets. */
import { useMemo } from "preact/hooks";
import type { Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { interval, number, alpha as writeAlpha } from "../../../ui/numbers";
import { DataTable } from "../../../ui/table";
import { estimateCells, toPoint } from "./charts/lines";
import { type Look, lookOfRegion } from "./charts/looks";
import { Plate } from "./charts/parts";
import { RangeChart, type Series } from "./charts/range";
import { nameRegion, type Words } from "./data/origin";
import { chooseDomain } from "./data/range";
import { type AnyArm, isThere, type Results, regionsOf } from "./data/types";

interface CurveProps {
  readonly results: Results;
  readonly words: Words;
}

export function Curve({ results, words }: CurveProps) {
  return (
    <section aria-labelledby="curve-title">
      <h2 id="curve-title">{texts.results.overAlphaTitle}</h2>
      <VersusReal results={results} words={words} />
      {results.curve ? (
        <Gap curve={results.curve} words={words} />
      ) : (
        <p class="notice">{texts.results.noCurve}</p>
      )}
    </section>
  );
}

const OVERALL: Look = {
  key: "overall",
  label: texts.results.overall,
  colour: "var(--accent)",
  symbol: "circle",
};

function VersusReal({ results, words }: CurveProps) {
  const series = useMemo(() => versusReal(results.alphas), [results]);
  const domain = useMemo(() => domainOf(series), [series]);
  const margin = results.alphas.find((arm) => arm.versus_real)?.versus_real?.margin;
  if (margin === undefined) return null;
  return (
    <Plate
      title={texts.results.curveTitle}
      says={texts.results.curveSays(words.realImages)}
      table={<VersusTable arms={results.alphas} />}
    >
      <div class="multiples multiples-narrow">
        {series.map((one) => (
          <div key={one.look.key}>
            <h4>{one.look.label}</h4>
            <RangeChart
              label={`${texts.results.curveTitle}: ${one.look.label}`}
              xLabel={texts.results.alpha}
              series={[one]}
              domain={domain}
              margin={margin}
            />
          </div>
        ))}
      </div>
    </Plate>
  );
}

/** The mean over regions first, then each region. */
function versusReal(arms: readonly AnyArm[]): readonly Series[] {
  const looks = [OVERALL, ...regionsOf(arms).map(lookOfRegion)];
  return looks.map((look) => ({
    look,
    points: arms.flatMap((arm) => {
      const found = readVersus(arm, look.key);
      if (!found || !arm.versus_real) return [];
      const estimate = { value: found.difference, ci: found.ci90 };
      const { cases } = arm.versus_real;
      return [toPoint({ alpha: arm.alpha, name: look.label, estimate, cases })];
    }),
  }));
}

function readVersus(arm: AnyArm, key: string): Schemas["Comparison"] | undefined {
  if (!isThere(arm) || !arm.versus_real) return undefined;
  return key === "overall" ? arm.versus_real.overall : arm.versus_real.regions[key];
}

function domainOf(series: readonly Series[]): [number, number] {
  return chooseDomain(
    series.flatMap((one) => one.points),
    [0],
  );
}

function VersusTable({ arms }: { arms: readonly AnyArm[] }) {
  const keys = ["overall", ...regionsOf(arms)];
  const rows = arms.flatMap((arm) =>
    keys.flatMap((key) => {
      const found = readVersus(arm, key);
      const name = key === "overall" ? texts.results.overall : nameRegion(key);
      return found
        ? [[writeAlpha(arm.alpha), name, number(found.difference), interval(found.ci90)]]
        : [];
    }),
  );
  const columns = [
    { label: texts.results.alpha, numeric: true },
    { label: texts.results.region },
    { label: texts.results.difference, numeric: true },
    { label: texts.results.interval90 },
  ];
  return <DataTable caption={texts.results.curveTitle} columns={columns} rows={rows} />;
}

function Gap({ curve, words }: { curve: Schemas["AlphaCurve"]; words: Words }) {
  const { results } = texts;
  const series = useMemo((): readonly Series[] => {
    const points = curve.points.map(({ alpha, difference }) =>
      toPoint({ alpha, name: results.gapTitle, estimate: difference }),
    );
    return [{ look: { ...OVERALL, key: "gap" }, points }];
  }, [curve]);
  const domain = useMemo(() => domainOf(series), [series]);
  const star = curve.alpha_star;
  const said =
    star.value === null
      ? results.noAlphaStar(star.reason ?? "")
      : results.alphaStar(`${number(star.value)} (${interval(star.ci, star.bound)})`);
  const rows = curve.points.map(({ alpha, difference }) => [
    writeAlpha(alpha),
    ...estimateCells(difference),
  ]);
  const columns = [
    { label: results.alpha, numeric: true },
    { label: results.difference, numeric: true },
    { label: results.interval },
  ];
  return (
    <Plate
      title={results.gapTitle}
      says={`${results.gapSays(words.realImages)} ${said}`}
      table={<DataTable caption={results.gapTitle} columns={columns} rows={rows} />}
    >
      <RangeChart
        label={results.overAlpha(results.gapTitle)}
        xLabel={results.shareOf(words.real)}
        series={series}
        domain={domain}
        zero
      />
      <Trends curve={curve} words={words} />
    </Plate>
  );
}

function Trends({ curve, words }: { curve: Schemas["AlphaCurve"]; words: Words }) {
  const { results } = texts;
  const { trend } = curve;
  const named: [string, Schemas["Trend"]][] = [
    [results.gapTitle, trend.difference],
    [results.t1On(words.realImages), trend.t1.real],
    [results.t1On(results.syntheticImages), trend.t1.synthetic],
    ...(["t3", "t4"] as const).flatMap((factor) =>
      Object.entries(trend[factor]).map(([region, own]): [string, Schemas["Trend"]] => [
        results.panel(factor.toUpperCase(), region),
        own,
      ]),
    ),
  ];
  const rows = named.map(([name, own]) => [
    name,
    results.trendWords[own.verdict] ?? own.verdict,
    number(own.slope),
    interval(own.ci),
    own.reason ?? "",
  ]);
  const lowest = Object.entries(curve.lowest_t4).map(([region, own]) => [
    results.panel(results.lowest, region),
    `${own.alpha === null ? "" : `${writeAlpha(own.alpha)}, `}${results.trendWords[own.verdict]}`,
    number(null),
    number(null),
    own.reason ?? "",
  ]);
  const columns = [
    { label: results.quantity },
    { label: results.trend },
    { label: results.slope, numeric: true },
    { label: results.interval },
    { label: results.why },
  ];
  return (
    <details>
      <summary>{results.trends}</summary>
      <DataTable caption={results.trends} columns={columns} rows={[...rows, ...lowest]} />
    </details>
  );
}

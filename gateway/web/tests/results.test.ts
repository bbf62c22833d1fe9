import { expect, test } from "vitest";
import old from "../../../tests/data/stored/trust_answer_1.json";
import { caseRows, listModels, sortRows } from "../src/views/experiments/results/data/cases";
import { factorPoints } from "../src/views/experiments/results/data/factors";
import { sayMissing } from "../src/views/experiments/results/data/missing";
import { wordsOf } from "../src/views/experiments/results/data/origin";
import { summariseSteps } from "../src/views/experiments/results/data/provenance";
import {
  arrowEnd,
  chooseDomain,
  describeEstimate,
  readRange,
} from "../src/views/experiments/results/data/range";
import {
  type AnyArm,
  readResults,
  regionsOf,
  type Stored,
} from "../src/views/experiments/results/data/types";
import {
  collectWarnings,
  judgePerformance,
  judgePrediction,
  judgeRegion,
  sayFindings,
} from "../src/views/experiments/results/data/verdicts";
import demo from "./fixtures/results.json";

/** The demo's results of phantoms, at α 0 and 1 and with a few of their cases. */
const stored = demo as unknown as Stored;
const results = readResults(stored);
const regions = regionsOf(results.alphas);

test("an end that so few cases do not bound is open, and said in words", () => {
  const open = {
    value: 0.26,
    ci: null,
    bound: { low: 0.11 },
    reason: "12 cases give no upper bound",
  };
  const range = readRange(open);
  expect(range).toEqual({ value: 0.26, low: 0.11, high: null, openLow: false, openHigh: true });
  expect(describeEstimate(open)).toBe("0.26 (at least 0.11; 12 cases give no upper bound)");
});

test("an open end stretches no axis: its arrow ends inside, and inside what a factor can be", () => {
  const closed = readRange({ value: 0.2, ci: [0.1, 0.3] });
  const open = readRange({ value: 0.25, ci: null, bound: { low: 0.15 } });
  const domain = chooseDomain([closed, open], [], { min: 0, max: 1 });
  expect(domain[1]).toBeLessThan(0.4);
  expect(arrowEnd(open, domain)).toBeGreaterThan(0.25);
  expect(arrowEnd(open, domain)).toBeLessThanOrEqual(domain[1]);
  expect(chooseDomain([readRange({ value: 0.99, ci: [0.9, 1] })], [], { max: 1 })[1]).toBe(1);
  expect(arrowEnd(closed, domain)).toBeNull();
});

test("every factor has a point for each α, test set and region that it has", () => {
  expect(regions).toEqual(["ET", "ED", "NCR"]);
  expect(factorPoints(results.alphas, "t1", regions)).toHaveLength(2 * 2);
  expect(factorPoints(results.alphas, "t4", regions)).toHaveLength(2 * 3);
  expect(factorPoints(results.alphas, "t5", regions)).toHaveLength(2 * 2 * 3);
  const [first] = factorPoints(results.alphas, "t4", ["ET"]);
  expect(first?.estimate?.value).toBe(0.261612);
  expect(first?.shuffled).toBe(0.238374);
});

test("single trainings are points of their own only where there are several", () => {
  const [arm] = stored.alphas;
  if (!arm?.seeds[0]) throw new Error("the fixture lost its seeds");
  const twice = { ...arm, seeds: [arm.seeds[0], { ...arm.seeds[0], seed: 1 }] } as AnyArm;
  expect(factorPoints([arm], "t1", regions)[0]?.seeds).toEqual([]);
  expect(factorPoints([twice], "t1", regions)[0]?.seeds.map((each) => each.seed)).toEqual([0, 1]);
});

test("an α that was not trained keeps its place and says why, so that no line crosses it", () => {
  const reason = "training the segmenter failed (internal)";
  const missing = { alpha: 0.5, mix: null, seeds: [], trust: null, versus_real: null, reason };
  const arms = [results.alphas[0], missing, results.alphas[1]] as AnyArm[];
  const points = factorPoints(arms, "t1", regions).filter((point) => point.side === "real");
  expect(points.map((point) => point.estimate?.value ?? null)).toEqual([0.906436, null, 0.880087]);
  expect(points[1]?.reason).toBe(reason);
});

test("the same finding is said once, with all of its places, and undecided ones last", () => {
  const place = { difference: 0, ci90: null };
  const undecided = { ...place, kind: "undecided" as const, reason: "fewer than 50 cases" };
  const said = sayFindings([
    { ...undecided, alpha: 0, region: "ET" },
    { ...undecided, alpha: 0.5, region: "ET" },
    { ...place, alpha: 0.5, region: "ED", kind: "not worse", reason: null },
  ]);
  expect(said).toEqual([
    "Not worse: ED at α = 0.5.",
    "Undecided: ET at α = 0 and 0.5. Fewer than 50 cases cannot show it.",
  ]);
});

test("of two tests of a region the stronger finding counts", () => {
  const outcome = { p: null, power: null, reason: null };
  const judge = (
    difference: number,
    equivalence: "equivalent" | "different" | "inconclusive",
    notWorse: "non-inferior" | "inferior" | "inconclusive",
  ) =>
    judgeRegion({
      difference,
      ci90: null,
      equivalence: { ...outcome, verdict: equivalence },
      non_inferiority: { ...outcome, verdict: notWorse },
    });
  expect(judge(-0.1, "different", "inferior")).toBe("worse");
  expect(judge(0.1, "different", "non-inferior")).toBe("better");
  expect(judge(0, "equivalent", "non-inferior")).toBe("equivalent");
  expect(judge(0, "inconclusive", "non-inferior")).toBe("not worse");
  expect(judge(0, "inconclusive", "inconclusive")).toBe("undecided");
});

test("twelve phantoms decide nothing, and the sentences say why", () => {
  expect(judgePerformance(results.alphas).map((each) => each.kind)).toEqual(
    Array(3).fill("undecided"),
  );
  expect(judgePrediction(results.alphas)).toHaveLength(6);
  expect(sayFindings(judgePerformance(results.alphas))).toContain(
    "Undecided: ET at α = 0. The difference may lie on either side of the margin.",
  );
  expect(collectWarnings(results.alphas)[0]).toMatch(/^Fewer than 50 cases \(12\)/);
});

test("a warning that not every α has names those that have it", () => {
  const [first, second] = results.alphas;
  const quiet = { ...second, trust: { ...second?.trust, warnings: [] } } as AnyArm;
  const said = collectWarnings([first as AnyArm, quiet]);
  expect(said[0]).toMatch(/ At α = 0\.$/);
});

test("results of an older release, without newer keys, are read as far as they go", () => {
  const { answer, versus_real } = old;
  const arm = { alpha: 0.5, mix: null, seeds: [], trust: answer, versus_real };
  const found = readResults({ definition: "rajababu2025/1", alphas: [arm] } as unknown as Stored);
  expect(found.recommendation).toBeNull();
  expect(found.controls).toEqual([]);
  expect(regionsOf(found.alphas)).toEqual(["ED", "NCR"]);
  const [t1] = factorPoints(found.alphas, "t1", ["ED", "NCR"]);
  expect(readRange(t1?.estimate ?? { value: null })).toMatchObject({ low: 0.702361828721 });
  expect(sayFindings(judgePerformance(found.alphas))[0]).toBe("Worse: NCR at α = 0.5.");
});

test("an interval without bound or reason, as version 1 has them, is only not there", () => {
  expect(readRange({ value: 0.9, ci: null })).toMatchObject({ low: null, high: null });
  expect(describeEstimate({ value: 0.9, ci: null })).toBe("0.9 (no interval)");
});

test("what partial results lack is said once for each reason", () => {
  const reason = "training the segmenter failed (internal)";
  const said = sayMissing({
    trainings: [0, 1].map((seed) => ({ control: null, alpha: 0.5, seed, reason })),
    twins: [{ case: "phantom-1", reason: "drawing twins failed (out_of_memory)" }],
    second_twins: null,
    recommendation: "a mix lacks a training",
  });
  expect(said).toEqual([
    `Missing: α = 0.5, training seed 0 and 1. Reason: ${reason}.`,
    "Missing: the twins of phantom-1. Reason: drawing twins failed (out_of_memory).",
    "Missing: the recommendation. Reason: a mix lacks a training.",
  ]);
});

test("only images of patients are called real", () => {
  expect(wordsOf("patients").real).toBe("real");
  expect(wordsOf("phantoms").real).toBe("reference");
  expect(wordsOf("patients", "phantoms").caution).toContain("phantoms, made by a program");
  expect(wordsOf(null).caution).toContain("not recorded");
});

test("a case has Dice on both images of each region; an empty one is null and not 0", () => {
  const [model] = listModels(results.alphas);
  if (!model) throw new Error("the fixture lost its models");
  const rows = caseRows(results.alphas, model);
  const empty = rows.find((row) => row.id === "phantom-0-0025");
  expect(empty?.regions.ET).toEqual({ real: null, synthetic: 0 });
  expect(empty?.gap).toBeCloseTo(0.0525, 3);
});

test("cases are sorted in both directions, and those without a value always come last", () => {
  const [model] = listModels(results.alphas);
  const rows = model ? caseRows(results.alphas, model) : [];
  for (const down of [false, true]) {
    const sorted = sortRows(rows, "ET/real", down).map((row) => row.regions.ET?.real ?? null);
    const known = sorted.filter((value) => value !== null);
    expect(known).toEqual(known.toSorted((a, b) => (down ? b - a : a - b)));
    expect(sorted.slice(known.length).every((value) => value === null)).toBe(true);
    expect(sorted.length).toBeGreaterThan(known.length);
  }
});

test("steps are summed by their kind", () => {
  const steps = summariseSteps(results.provenance?.steps ?? []);
  expect(steps.map((each) => [each.kind, each.count])).toEqual([
    ["synthesise_case", 2],
    ["train_segmenter", 1],
  ]);
  expect(steps[0]?.seconds).toBeCloseTo(3.932 + 1.692);
  expect(steps[0]?.hosts).toEqual(["worker-1"]);
});

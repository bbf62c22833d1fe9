import { expect, test } from "vitest";
import {
  type Answer,
  listPlaces,
  mixesDefinitions,
  nameExperiments,
  nameSetting,
  pairedRows,
  seriesAt,
  writeValue,
} from "../src/views/compare/data";
import { isComparable, parseIds } from "../src/views/compare/ids";
import demo from "./fixtures/results.json";

const factors = demo.alphas.map((arm) => arm.trust.factors);

function answer(definitions: readonly string[] = ["rajababu2025/2", "rajababu2025/2"]): Answer {
  const experiments = definitions.map((definition, at) => ({
    id: `0000000${at}-aaaa`,
    name: at === 0 ? "Demo" : null,
    digest: "sha256:0",
    definition,
    origin: "phantoms",
    test_cases: 12,
    seeds: [0],
    partial: false,
  }));
  const alphas = [
    { alpha: 0, experiments: [own(factors[0]), none("The experiment has no such α.")] },
    { alpha: 1, experiments: [own(factors[1]), own(factors[1])] },
  ];
  return { experiments, settings: [], alphas, differences: [] } as unknown as Answer;
}

const own = (found: unknown) => ({ factors: found, reason: null });
const none = (reason: string) => ({ factors: null, reason });

test("an address names each experiment once, in its order", () => {
  expect(parseIds(new URLSearchParams("ids=b,a,,b"))).toEqual(["b", "a"]);
  expect(parseIds(new URLSearchParams(""))).toEqual([]);
});

test("two to six experiments can be compared", () => {
  expect([1, 2, 6, 7].map((count) => isComparable(Array(count).fill("x")))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test("experiments without a name, or with the same, are told apart by their number", () => {
  expect([...nameExperiments(answer().experiments).values()]).toEqual(["1. Demo", "2. 00000001"]);
});

test("settings are named by their place in the request, and nothing is left blank", () => {
  expect(nameSetting("/segmenter/preset")).toBe("segmenter, preset");
  expect(nameSetting("/segmenter/overrides/learning_rate")).toBe(
    "segmenter, overrides, learning rate",
  );
  expect(writeValue(null)).toBe("not set");
  expect(writeValue([])).toBe("none");
  expect(writeValue(false)).toBe("no");
  expect(writeValue(["0", "0.5"])).toBe("0, 0.5");
});

test("a factor of both test sets has one panel a region, and T1 one a test set", () => {
  expect(listPlaces("t4", ["ET", "ED"]).map((place) => place.region)).toEqual(["ET", "ED"]);
  expect(listPlaces("t1", ["ET"]).map((place) => place.side)).toEqual(["real", "synthetic"]);
  expect(listPlaces("t5", ["ET", "ED"])).toHaveLength(4);
});

test("an experiment without an α has no point there", () => {
  const [first, second] = seriesAt(answer(), { factor: "t1", side: "real", region: null });
  expect(first?.points.map((point) => point.value)).toEqual([0.906436, 0.880087]);
  expect(second?.points.map((point) => point.value)).toEqual([null, 0.880087]);
});

test("experiments of two versions of the definition are noticed", () => {
  expect(mixesDefinitions(answer())).toBe(false);
  expect(mixesDefinitions(answer(["rajababu2025/1", "rajababu2025/2"]))).toBe(true);
});

test("where nothing is paired there is one row with the reason, and no number", () => {
  const estimate = { value: 0.01, ci: [-0.01, 0.03], scope: "this trained model", reason: null };
  const reason = "The twins were not drawn alike, so the synthetic test images are not the same.";
  const unpaired = { cases: null, seeds: null, regions: null, overall: null, reason };
  const paired = {
    cases: 12,
    seeds: 1,
    regions: { ET: estimate },
    overall: estimate,
    reason: null,
  };
  const arm = { experiment: "b", minus: "a", alpha: 0, real: paired, synthetic: unpaired };
  const rows = pairedRows({ ...answer(), differences: [arm] } as unknown as Answer);
  expect(rows.map((row) => [row.side, row.region, row.estimate?.value ?? null])).toEqual([
    ["real", null, 0.01],
    ["real", "ET", 0.01],
    ["synthetic", null, null],
  ]);
  expect(rows[2]?.reason).toBe(reason);
});

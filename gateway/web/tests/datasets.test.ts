import { describe, expect, it } from "vitest";
import { fixed } from "../src/ui/numbers";
import { quantiles } from "../src/views/datasets/quantiles";
import { type Case, chooseCases, filterCounts } from "../src/views/datasets/sorting";
import { gridOf, schemeOf } from "../src/views/datasets/upload/choices";

const NONE = { NCR: "", ED: "", ET: "" };

function made(id: string, state: Case["state"], ET?: number, warnings: string[] = []): Case {
  const volumes = ET === undefined ? null : { ET, ED: 1, NCR: 1 };
  return {
    ...{ id, state, patient: `patient of ${id}`, group: null, scheme: "auto", problems: [] },
    ...{ warnings, region_volumes_ml: volumes },
  };
}

const CASES = [
  made("case-10", "ready", 3),
  made("case-9", "ready", 7, ["noticed"]),
  made("case-11", "refused"),
  made("case-12", "awaiting_upload"),
];

function ids(cases: readonly Case[]): string[] {
  return cases.map(({ id }) => id);
}

describe("the cases of a dataset", () => {
  it("begin with the refused ones, and count numbers in names as numbers", () => {
    const shown = chooseCases(CASES, "all", "", { key: "state", isDescending: false });
    expect(ids(shown)).toEqual(["case-11", "case-12", "case-9", "case-10"]);
  });

  it("stand last without a value, whichever way they are sorted", () => {
    const up = chooseCases(CASES, "all", "", { key: "ET", isDescending: false });
    const down = chooseCases(CASES, "all", "", { key: "ET", isDescending: true });
    expect(ids(up)).toEqual(["case-10", "case-9", "case-11", "case-12"]);
    expect(ids(down)).toEqual(["case-9", "case-10", "case-11", "case-12"]);
  });

  it("are found by state, by warnings, and by a part of the name", () => {
    const order = { key: "id", isDescending: false } as const;
    expect(ids(chooseCases(CASES, "warned", "", order))).toEqual(["case-9"]);
    expect(ids(chooseCases(CASES, "all", "PATIENT of case-1", order))).toEqual([
      "case-10",
      "case-11",
      "case-12",
    ]);
    expect(filterCounts(CASES)).toEqual([
      ["all", 4],
      ["refused", 1],
      ["warned", 1],
      ["awaiting_upload", 1],
      ["ready", 2],
    ]);
  });
});

describe("quantiles", () => {
  it("are those of numpy", () => {
    expect(quantiles([4, 1, 3, 2])).toEqual([1, 1.75, 2.5, 3.25, 4]);
    expect(quantiles([])).toEqual(Array(5).fill(undefined));
  });
});

describe("the choices of a new dataset", () => {
  it("read a grid as the command does", () => {
    expect(gridOf("own", "240x240x155@1x1x1.2")).toEqual({
      shape: [240, 240, 155],
      spacing_mm: [1, 1, 1.2],
    });
    expect(gridOf("own", " 64 × 64 × 64 @ 3")).toEqual({
      shape: [64, 64, 64],
      spacing_mm: [3, 3, 3],
    });
    expect(gridOf("own", "64x64@3")).toBeUndefined();
    expect(gridOf("own", "4x64x64@3")).toBeUndefined();
    expect(gridOf("native", "")).toBe("native");
  });

  it("take own label values that mean one region each", () => {
    expect(schemeOf("own", { NCR: "1, 3", ED: "2", ET: "" })).toEqual({ NCR: [1, 3], ED: [2] });
    expect(schemeOf("own", { NCR: "1", ED: "1", ET: "" })).toBeUndefined();
    expect(schemeOf("own", { NCR: "0", ED: "", ET: "" })).toBeUndefined();
    expect(schemeOf("own", NONE)).toBeUndefined();
    expect(schemeOf(undefined, NONE)).toBeUndefined();
  });
});

describe("a column of volumes", () => {
  it("has as many decimals in every row", () => {
    expect([28, 0.135, 1250, null].map((value) => fixed(value, 1))).toEqual([
      "28.0",
      "0.1",
      "1,250.0",
      "–",
    ]);
  });
});

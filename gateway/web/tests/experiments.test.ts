import { expect, test } from "vitest";
import { readParts } from "../src/ui/lists";
import { mergeRows } from "../src/ui/pages";
import { placeAfter } from "../src/ui/tabs";
import { byPlan, hasResults, nameAlphas } from "../src/views/experiments/names";
import {
  ALPHA_PRESETS,
  newDraft,
  presetOf,
  toRequest,
} from "../src/views/experiments/request/draft";
import { FieldErrors, fieldOf } from "../src/views/experiments/request/errors";

test("a new form is a request as it stands, but for its dataset", () => {
  expect(toRequest(newDraft("")).errors.map(({ pointer }) => pointer)).toEqual(["/dataset"]);
  const { spec, errors } = toRequest(newDraft("d"));
  expect(errors).toEqual([]);
  expect(spec.alphas).toEqual([0, 0.5, 1]);
  expect(spec.split).toEqual({ seed: 0, test_fraction: 0.3, validation_fraction: 0.07 });
  expect(spec.segmenter).not.toHaveProperty("iterations");
});

test("what is no number is refused at its field, by name", () => {
  const wrong = { ...newDraft("d"), alphas: "0, half", steps: "2.5", testFraction: "", seeds: "," };
  const { errors } = toRequest(wrong);
  const told = Object.fromEntries(errors.map(({ pointer, detail }) => [pointer, detail]));
  expect(told["/alphas"]).toContain("half is not a number");
  expect(told["/generator/steps"]).toContain("2.5 is not a whole number");
  expect(told["/split/test_fraction"]).toBe("Enter a number.");
  expect(told["/seeds"]).toBe("Enter at least one number.");
});

test("own lists of cases are split at spaces, commas and lines", () => {
  const own = { ...newDraft("d"), split: "explicit" as const, train: "a b\nc,d", test: "e\n" };
  expect(toRequest(own).spec.split).toEqual({
    train: ["a", "b", "c", "d"],
    validation: [],
    test: ["e"],
  });
});

test("a list of α is its preset however it is written", () => {
  expect(presetOf("0 .5 1.0")).toBe("three");
  expect(presetOf(ALPHA_PRESETS.eleven)).toBe("eleven");
  expect(presetOf("0.3, 1")).toBe("own");
});

test("a mistake stands at the closest field that its pointer names", () => {
  expect(fieldOf("/alphas/2")).toBe("/alphas");
  expect(fieldOf("/split/test/0")).toBe("/split/test");
  expect(fieldOf("/split")).toBe("/split");
  expect(fieldOf("/generatorless")).toBeUndefined();
  const wrong = [
    { pointer: "/alphas/0", detail: "Give less." },
    { pointer: "/alphas", detail: "Give more." },
    { pointer: "", detail: "Three." },
  ];
  const errors = new FieldErrors(wrong, { alphas: [2, 0] });
  expect(errors.at("/alphas")).toBe("2: Give less. Give more.");
  expect(errors.others.map(({ detail }) => detail)).toEqual(["Three."]);
});

test("steps stand in the order of the plan, and the report stands last", () => {
  const counted = { build_report: 1, compare_twin: 2, synthesise_case: 3, new_kind: 4 };
  expect(byPlan(counted).map(([kind]) => kind)).toEqual([
    "synthesise_case",
    "compare_twin",
    "new_kind",
    "build_report",
  ]);
});

test("rows that are read again keep their places, and new ones come to the head alone", () => {
  const id = (row: { id: string }) => row.id;
  const known = [
    { id: "b", state: "running" },
    { id: "a", state: "queued" },
  ];
  const fresh = [
    { id: "c", state: "queued" },
    { id: "b", state: "done" },
  ];
  const merged = mergeRows<{ id: string; state: string }>(known, fresh, id, true);
  expect(merged.map(({ id, state }) => `${id} ${state}`)).toEqual([
    "c queued",
    "b done",
    "a queued",
  ]);
  expect(mergeRows(known, fresh, id, false).map(id)).toEqual(["b", "a"]);
});

test("arrow keys go round the tabs, other keys move nothing", () => {
  expect(placeAfter("ArrowLeft", 0, 5)).toBe(4);
  expect(placeAfter("ArrowRight", 4, 5)).toBe(0);
  expect(placeAfter("End", 1, 5)).toBe(4);
  expect(placeAfter("a", 1, 5)).toBeUndefined();
});

test("many α are a range, and tags are read once each", () => {
  expect(nameAlphas([1, 0, 0.5])).toBe("α 0, 0.5, 1");
  expect(nameAlphas([0, 0.2, 0.4, 0.6, 0.8, 1])).toBe("6 α from 0 to 1");
  expect(readParts("a, b,,a ")).toEqual(["a", "b"]);
});

test("a failed experiment has results where some arms are done", () => {
  expect(hasResults({ state: "failed", partial: true })).toBe(true);
  expect(hasResults({ state: "failed", partial: false })).toBe(false);
});

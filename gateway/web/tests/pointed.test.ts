import { expect, test } from "vitest";
import { cellOf, linesAround, valueAt } from "../src/views/trust/pointed";
import { contentType } from "../src/views/trust/score";

test("an error of a table points at its line and column", () => {
  expect(cellOf("/lines/3/dice")).toEqual({ line: 3, column: "dice" });
  expect(cellOf("/lines/3/a~1b")).toEqual({ line: 3, column: "a/b" });
  expect(cellOf("/lines/2")).toEqual({ line: 2, column: undefined });
  expect(cellOf("/cases/0/real/ET")).toBeNull();
});

test("the lines around a mistake are cut where the table's separator stands", () => {
  const text = 'case;dice\r\n"a;1";0,9\r\nb;x\r\nc;0,8\r\n';
  const around = linesAround(text, { line: 3, column: "dice" });
  expect(around.header).toEqual(["case", "dice"]);
  expect(around.lines.map((line) => line.number)).toEqual([2, 3, 4]);
  expect(around.lines[0]?.cells).toEqual(["a;1", "0,9"]);
  expect(around.lines.filter((line) => line.wrong).map((line) => line.number)).toEqual([3]);
});

test("an error of a JSON text shows the value that it points at", () => {
  const text = JSON.stringify({ cases: [{ real: { "a/b": 1.9 } }] });
  expect(valueAt(text, "/cases/0/real/a~1b")).toBe(1.9);
  expect(valueAt(text, "/cases/7/real")).toBeUndefined();
  expect(valueAt("no JSON", "/cases")).toBeUndefined();
});

test("a text is sent as what it is", () => {
  expect(contentType(' \n{"cases": []}')).toBe("application/json");
  expect(contentType("case,set,region,dice\n")).toBe("text/csv");
});

import { expect, test } from "vitest";
import { href, parseRoute } from "../src/router";

test("an address names what was put into it, whatever signs it holds", () => {
  const parts = ["datasets", "a/b", "ü %", "c?d#e"];
  const route = parseRoute(href(parts, { test: "1&2" }));
  expect(route.parts).toEqual(parts);
  expect(route.query.get("test")).toBe("1&2");
});

test("an address that was typed by hand is read as far as it goes", () => {
  expect(parseRoute("#/experiments/%").parts).toEqual(["experiments", "%"]);
  expect(parseRoute("").parts).toEqual([]);
});

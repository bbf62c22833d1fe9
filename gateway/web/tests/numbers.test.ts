import { expect, test } from "vitest";
import { bytes, duration, interval, number } from "../src/ui/numbers";

test("an interval whose end is not bounded says so in words", () => {
  expect(interval([0.1, 0.25])).toBe("0.1 to 0.25");
  expect(interval(null, { low: 0.111 })).toBe("at least 0.111");
  expect(interval(null, { high: 2 })).toBe("at most 2");
  expect(interval(null)).toBe("–");
});

test("nothing is written as a dash, never as 0", () => {
  expect(number(null)).toBe("–");
  expect(number(Number.NaN)).toBe("–");
  expect(number(0)).toBe("0");
});

test("sizes and times carry their units", () => {
  expect(bytes(0)).toBe("0 B");
  expect(bytes(65_300_000)).toBe("65.3 MB");
  expect(duration(0.2)).toBe("1 s");
  expect(duration(3600 * 3 + 60 * 20)).toBe("3 h 20 min");
  expect(duration(3600 * 50)).toBe("2 d 2 h");
});

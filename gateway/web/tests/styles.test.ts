import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SOURCES = join(import.meta.dirname, "..", "src");

/** Give, for each style sheet, the classes that its selectors begin with. */
function classes(): Map<string, Set<string>> {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf-8" });
  const sheets = files.filter((name) => name.endsWith(".css"));
  return new Map(sheets.map((name) => [name, begins(readFileSync(join(SOURCES, name), "utf-8"))]));
}

function begins(sheet: string): Set<string> {
  const rules = sheet.replace(/\/\*[\s\S]*?\*\//g, "").matchAll(/([^{}]+)\{/g);
  const selectors = [...rules].flatMap(([, heads = ""]) => heads.split(","));
  const first = selectors.map((each) => each.trim().split(/[\s>+~]/)[0] ?? "");
  return new Set(first.flatMap((each) => /\.([a-zA-Z][\w-]*)/.exec(each)?.[1] ?? []));
}

test("no two style sheets shape one class, as they all hold for the whole page", () => {
  const owners = new Map<string, string[]>();
  for (const [sheet, names] of classes()) {
    for (const name of names) owners.set(name, [...(owners.get(name) ?? []), sheet]);
  }
  expect([...owners].filter(([, sheets]) => sheets.length > 1)).toEqual([]);
});

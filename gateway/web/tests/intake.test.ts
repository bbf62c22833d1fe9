import { describe, expect, it } from "vitest";
import { NAMES, roleOf } from "../src/views/datasets/upload/intake/names";
import { survey } from "../src/views/datasets/upload/intake/survey";
import examples from "./intake_examples.json";

interface Tree {
  readonly name: string;
  readonly files: readonly string[];
  readonly texts?: Readonly<Record<string, string>>;
  readonly cases: Readonly<Record<string, readonly string[]>>;
  readonly schemes?: Readonly<Record<string, unknown>>;
  readonly patients?: Readonly<Record<string, string>>;
  readonly ignored?: readonly string[];
  readonly refused?: readonly string[];
  readonly left_out?: readonly string[];
  readonly not_read?: readonly string[];
  readonly hidden?: number;
}

function given({ files, texts }: Tree) {
  return files.map((path) => ({
    path: path.split("/"),
    file: new File([texts?.[path] ?? "volume"], path.split("/").at(-1) ?? ""),
  }));
}

describe("the search of a folder", () => {
  it("knows the roles of file names as the command does", () => {
    for (const [question, role] of Object.entries(examples.roles)) {
      const [name = "", caseId = ""] = question.split(" in ");
      expect([question, roleOf(name, caseId) ?? null]).toEqual([question, role]);
    }
    expect(NAMES).toEqual(examples.names);
  });

  for (const tree of examples.trees as unknown as readonly Tree[]) {
    it(`finds what the command finds: ${tree.name}`, async () => {
      const found = await survey(given(tree), "auto");
      const labels = (kind: string) =>
        found.unfit.filter((each) => each.kind === kind).map(({ label }) => label);
      expect({
        cases: Object.fromEntries(found.cases.map(({ id, files }) => [id, Object.keys(files)])),
        schemes: keep(found.cases.map(({ id, scheme }) => [id, scheme])),
        patients: keep(found.cases.map(({ id, patient }) => [id, patient])),
        ignored: found.cases.flatMap(({ ignored }) => ignored).sort(),
        refused: labels("refused").sort(),
        left_out: labels("left-out").sort(),
        not_read: [...found.notRead].sort(),
        hidden: found.hidden,
      }).toEqual({
        cases: tree.cases,
        schemes: tree.schemes ?? {},
        patients: tree.patients ?? {},
        ignored: tree.ignored ?? [],
        refused: tree.refused ?? [],
        left_out: tree.left_out ?? [],
        not_read: tree.not_read ?? [],
        hidden: tree.hidden ?? 0,
      });
    });
  }

  it("names each flaw of a file that cannot be sent", async () => {
    const tree = (examples.trees as unknown as readonly Tree[]).at(-1);
    const [refusal] = tree ? (await survey(given(tree), "auto")).unfit : [];
    expect(refusal?.reason).toContain("t1.nii.gz is a web page");
    expect(refusal?.reason).toContain("t2.nii.gz is a pointer of Git LFS");
    expect(refusal?.reason).toContain("flair.nii.gz is empty");
  });

  it("searches several folders that are dropped at once", async () => {
    const [one] = (examples.trees as unknown as readonly Tree[]).slice(1);
    const files = one ? given(one) : [];
    const more = files.map(({ path, file }) => ({ path: ["second", ...path.slice(1)], file }));
    const found = await survey([...files, ...more], "auto");
    expect(found.cases.map(({ id }) => id)).toEqual(["patient-01", "second"]);
    expect(found.name).toBe("");
  });
});

function keep(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** Case ids: the rule, and the id of a folder whose name does not follow it. */
import { texts } from "../../../../texts";
import { type Candidate, type FoundCase, refused, type Unfit } from "./outcomes";

const RULE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
// A folder of a visit does not name its patient, but the folder above does.
const VISIT =
  /^(?:(?:time[_-]?point|time|tp|session|visit|week|month|follow[_-]?up|fu|baseline|pre|post|t)[_-]?\d*(?:[_-]?op)?|ses-[a-z0-9]+)$/i;
const SPELT: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  Æ: "AE",
  ø: "o",
  Ø: "O",
  ł: "l",
};
const { reasons } = texts.upload;

/** Make the id of a folder: its name, with `-` for what no id may hold; none if too little is left. */
export function makeCaseId(name: string): string | undefined {
  if (RULE.test(name)) return name;
  const plain = name.replace(/[ßæÆøØł]/g, (each) => SPELT[each] ?? each).normalize("NFKD");
  const made = plain
    .replace(/\p{Mn}/gu, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .replace(/^[._-]+/, "");
  return RULE.test(made) ? made : undefined;
}

/** Say whether a folder's name tells a time point and no patient: `ses-1`, `Timepoint_2`, `pre`. */
export function isVisit(name: string): boolean {
  return VISIT.test(name);
}

/**
 * Give each case an id of its own; refuse those whose names give none, or the same one.
 *
 * A case is called as its folder, and a visit as its patient's folder and its own. Where two have
 * one name, as in the folders of two sites, every id is the whole path joined by `_`.
 */
export function giveIds(found: readonly Candidate[]): {
  readonly cases: readonly FoundCase[];
  readonly unfit: readonly Unfit[];
} {
  const shared = new Set(found.map(ownName)).size < found.length;
  const byId = new Map<string, Candidate[]>();
  const unfit: Unfit[] = [];
  for (const each of found) {
    const id = makeCaseId(shared ? wholeName(each) : ownName(each));
    if (id === undefined) unfit.push(refused(each.label, reasons.noId));
    else byId.set(id, [...(byId.get(id) ?? []), each]);
  }
  const cases: FoundCase[] = [];
  for (const [id, own] of byId) {
    const [first] = own;
    const labels = own.map(({ label }) => label).join(", ");
    if (own.length === 1 && first) cases.push(caseOf(id, first, shared));
    else unfit.push(...own.map(({ label }) => refused(label, reasons.clash(labels))));
  }
  return { cases: cases.sort((a, b) => (a.id < b.id ? -1 : 1)), unfit };
}

function ownName({ name, above }: Candidate): string {
  return isVisit(name) && above ? `${above}_${name}` : name;
}

function wholeName(found: Candidate): string {
  return found.path.length > 1 ? found.path.join("_") : ownName(found);
}

function caseOf(id: string, found: Candidate, whole: boolean): FoundCase {
  const { label, files, ignored, scheme } = found;
  return { id, label, files, ignored, scheme, patient: patientOf(found, whole) };
}

/** The patient of a visit is the folder above; other ids tell the server themselves. */
function patientOf(found: Candidate, whole: boolean): string | undefined {
  if (!isVisit(found.name)) return undefined;
  const inside = found.path.slice(0, -1).join("_");
  return makeCaseId(whole && inside ? inside : found.above);
}

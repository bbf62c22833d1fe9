/**
 * Which file of a case folder is what, by its name alone: the rules of the command
 * `syntrust dataset add`. `tests/intake_examples.json` holds both to the same answers.
 */
export const MODALITIES = ["t1", "t1ce", "t2", "flair"] as const;
export const NEEDED = [...MODALITIES, "seg"] as const;
export const ROLES = [...NEEDED, "brain"] as const;
export type Role = (typeof ROLES)[number];

const SUFFIXES = [".nii.gz", ".nii"] as const;
const FOLDER_SUFFIX = "_nifti"; // UCSF-PDGM's folders have it and their files have not

/** The role of every name that is one, in small letters. */
export const NAMES: Readonly<Record<string, Role>> = {
  ...(Object.fromEntries(ROLES.map((role) => [role, role])) as Record<Role, Role>),
  t1n: "t1",
  t1c: "t1ce",
  t2w: "t2",
  t2f: "flair",
  t1gd: "t1ce", // UPENN-GBM
  segm: "seg",
  tumor_segmentation: "seg", // UCSF-PDGM
  brain_mask: "brain",
  brainmask: "brain",
};

/** Give the role that a file name claims in the case `caseId`, if any. */
export function roleOf(name: string, caseId: string): Role | undefined {
  const stem = stemOf(name);
  if (stem === undefined) return undefined;
  for (const rest of rests(stem.toLowerCase(), caseId.toLowerCase())) {
    if (Object.hasOwn(NAMES, rest)) return NAMES[rest];
  }
  return undefined;
}

/** Give a NIfTI file's name without its suffix; nothing for any other file's name. */
export function stemOf(name: string): string | undefined {
  const lower = name.toLowerCase();
  const end = SUFFIXES.find((suffix) => lower.endsWith(suffix));
  return end && name.slice(0, -end.length);
}

/** What may name the role in a stem: all of it, or what follows the case's name. */
function* rests(stem: string, caseId: string): Generator<string> {
  yield stem;
  const bare = caseId.endsWith(FOLDER_SUFFIX) ? caseId.slice(0, -FOLDER_SUFFIX.length) : caseId;
  for (const prefix of new Set([caseId, bare])) {
    for (const separator of "_-") {
      if (stem.startsWith(prefix + separator)) yield stem.slice(prefix.length + 1);
    }
  }
}

/** Give the case that a file's name begins with, if the name ends with a role. */
export function caseIn(name: string): string | undefined {
  const stem = stemOf(name) ?? "";
  const role = Object.keys(NAMES).find((each) => /[_-]$/.test(cut(stem, each) ?? ""));
  return role && stem.slice(0, -role.length - 1);
}

/** Give what a file's name has before the role, so that missing files can be named alike. */
export function prefixOf(name: string): string {
  const stem = stemOf(name) ?? "";
  const starts = Object.keys(NAMES).flatMap((role) => cut(stem, role) ?? []);
  return starts.length
    ? starts.reduce((short, each) => (each.length < short.length ? each : short))
    : stem;
}

function cut(stem: string, role: string): string | undefined {
  return stem.toLowerCase().endsWith(role) ? stem.slice(0, -role.length) : undefined;
}

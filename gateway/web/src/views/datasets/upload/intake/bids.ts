/**
 * A subject of a BIDS dataset: `sub-X[/ses-Y]/anat/sub-X[_ses-Y][_key-value ...]_T1w.nii.gz`.
 *
 * Masks may also lie in `derivatives/<pipeline>`, there only under a name that says tumour, lesion
 * or brain: a pipeline's `_dseg` is as often one of tissues.
 */
import { texts } from "../../../../texts";
import { chooseFiles, claim, UnfitCase } from "./claims";
import type { Flaws } from "./flaws";
import { type Folder, folderIn, type Leaf, labelOf, printable, volumesOf } from "./folders";
import { type Role, stemOf } from "./names";
import { leftOut, notRead, type Outcome, refused } from "./outcomes";

const SESSION = "ses-";
/** Folders of a BIDS dataset that hold no case. */
export const BESIDE: ReadonlySet<string> = new Set([
  "derivatives",
  "sourcedata",
  "code",
  "phenotype",
  "stimuli",
]);
const IMAGES: Readonly<Record<string, Role>> = { T2w: "t2", FLAIR: "flair" };
const TUMOUR = ["tumor", "tumour", "lesion"];
const SUFFIXES: Readonly<Record<Role, string>> = {
  t1: "T1w",
  t1ce: "ce-gadolinium_T1w",
  t2: "T2w",
  flair: "FLAIR",
  seg: "dseg",
  brain: "desc-brain_mask",
};
const { reasons } = texts.upload;

/** Say whether it is a subject's folder, with `anat` or sessions that have it. */
export function isSubject(folder: Folder): boolean {
  if (!folder.name.startsWith("sub-")) return false;
  return hasAnat(folder) || sessionsOf(folder).some(hasAnat);
}

/** Read the sessions of a subject, each of which is a case. */
export function* readSubject(subject: Folder, flaws: Flaws): Generator<Outcome> {
  if (hasAnat(subject)) yield* readSession(subject, subject.name, flaws);
  for (const session of sessionsOf(subject)) {
    yield* readSession(session, `${subject.name}_${session.name}`, flaws);
  }
  yield beside(subject);
}

/** Give the role that a BIDS name claims for a subject and session, if any. */
export function bidsRole(name: string, subject: string, derived = false): Role | undefined {
  const stem = stemOf(name);
  if (stem === undefined || !stem.startsWith(`${subject}_`)) return undefined;
  const pairs = stem.slice(subject.length + 1).split("_");
  const suffix = pairs.pop() ?? "";
  const entities = new Map(
    pairs.map((pair) => {
      const [key = "", ...rest] = pair.split("-");
      return [key, rest.join("-")] as const;
    }),
  );
  if (suffix === "dseg" || suffix === "mask") return maskRole(suffix, entities, derived);
  if (derived) return undefined;
  if (suffix === "T1w") return entities.has("ce") ? "t1ce" : "t1";
  return entities.has("ce") ? undefined : IMAGES[suffix];
}

function maskRole(
  suffix: "dseg" | "mask",
  entities: ReadonlyMap<string, string>,
  derived: boolean,
): Role | undefined {
  const told = ["desc", "label"].flatMap((key) => entities.get(key)?.toLowerCase() ?? []);
  if (told.some((word) => TUMOUR.includes(word))) return "seg";
  if (suffix === "mask") return told.includes("brain") ? "brain" : undefined;
  return told.length || derived ? undefined : "seg";
}

function* readSession(folder: Folder, name: string, flaws: Flaws): Generator<Outcome> {
  const anat = folderIn(folder, "anat");
  if (!anat) {
    yield leftOut(labelOf(folder), reasons.noAnat);
    return;
  }
  if (folder.name.startsWith(SESSION)) yield beside(folder);
  yield notRead([], anat.hidden);
  try {
    yield readFiles(folder, anat, name, flaws);
  } catch (error) {
    if (!(error instanceof UnfitCase)) throw error;
    yield refused(labelOf(folder), error.message);
  }
}

function readFiles(folder: Folder, anat: Folder, name: string, flaws: Flaws): Outcome {
  const claims = new Map<Role, Leaf[]>();
  const others: Leaf[] = [];
  const sort = (leaf: Leaf, derived: boolean) => {
    const role = bidsRole(leaf.name, name, derived);
    if (role) claim(claims, role, leaf);
    else others.push(leaf);
  };
  for (const leaf of anat.files) sort(leaf, false);
  for (const leaf of derivedMasks(folder)) sort(leaf, true);
  const expected = (role: Role) => `${name}_${SUFFIXES[role]}.nii.gz`;
  return {
    kind: "candidate",
    name,
    path: [...folder.path.slice(0, name === folder.name ? -1 : -2), name],
    above: folder.parent?.name ?? "",
    label: labelOf(folder),
    files: chooseFiles(claims, others, expected, flaws),
    ignored: others.map((leaf) => printable(leaf.name)),
  };
}

/** Masks of the same subject and session that pipelines made. */
function derivedMasks(folder: Folder): readonly Leaf[] {
  const isSession = folder.name.startsWith(SESSION);
  const subject = isSession ? folder.parent : folder;
  const pipelines = subject?.parent && folderIn(subject.parent, "derivatives");
  if (!subject || !pipelines) return [];
  return pipelines.folders.flatMap((pipeline) => {
    const same = folderIn(pipeline, subject.name);
    const place = isSession && same ? folderIn(same, folder.name) : same;
    const anat = place && folderIn(place, "anat");
    return anat ? volumesOf(anat).filter(({ name }) => /seg|mask/.test(name)) : [];
  });
}

/** What lies in the folder of a subject or session and is neither images nor a session. */
function beside(folder: Folder): Outcome {
  const folders = folder.folders.filter(({ name }) => name !== "anat" && !name.startsWith(SESSION));
  const labels = [
    ...folder.files.map(({ label }) => label),
    ...folders.map((each) => `${labelOf(each)}/`),
  ];
  return notRead(labels, folder.hidden);
}

function hasAnat(folder: Folder): boolean {
  return folderIn(folder, "anat") !== undefined;
}

function sessionsOf(folder: Folder): readonly Folder[] {
  return folder.folders.filter(({ name }) => name.startsWith(SESSION));
}

/**
 * Cases as nnU-Net has them: `imagesTr/<case>_0000.nii.gz` ... and `labelsTr/<case>.nii.gz`.
 *
 * What channel 0000 is, and what label 1 means, stands in `dataset.json` alone, and differs from
 * dataset to dataset. Nothing is read without it.
 */
import { texts } from "../../../../texts";
import { chooseFiles, claim, UnfitCase } from "./claims";
import type { Flaws } from "./flaws";
import {
  allFolders,
  type Folder,
  folderIn,
  type Leaf,
  labelOf,
  othersOf,
  printable,
  volumesOf,
} from "./folders";
import { MEANING_FILE, type Meaning, readMeaning } from "./meaning";
import { type Role, stemOf } from "./names";
import { leftOut, notRead, type Outcome, refused, type Scheme } from "./outcomes";

const IMAGES = "imagesTr";
const LABELS = "labelsTr";
const CHANNEL = /^(.+)_(00\d\d)$/;
const { nnunet: said } = texts.upload;

/** What each `dataset.json` says, or why it cannot be read, by the folder that it lies in. */
export type Meanings = ReadonlyMap<Folder, Meaning | UnfitCase>;

/** Files by case and channel. */
type Numbered = ReadonlyMap<string, ReadonlyMap<number, readonly Leaf[]>>;

/** Read every `dataset.json` of a tree. */
export async function readMeanings(root: Folder, scheme: Scheme): Promise<Meanings> {
  const found = new Map<Folder, Meaning | UnfitCase>();
  for (const folder of allFolders(root)) {
    const file = folder.files.find(({ name }) => name === MEANING_FILE)?.file;
    if (!file) continue;
    try {
      found.set(folder, readMeaning(await file.text(), scheme));
    } catch (error) {
      found.set(folder, error instanceof UnfitCase ? error : new UnfitCase(said.noJson));
    }
  }
  return found;
}

/** Say whether a folder is a whole dataset of nnU-Net. */
export function isDataset(folder: Folder): boolean {
  return folderIn(folder, IMAGES) !== undefined;
}

/** Say whether a folder holds files of channels, as case_0000.nii.gz. */
export function isNumbered(folder: Folder): boolean {
  return volumesOf(folder).some((leaf) => CHANNEL.test(stem(leaf)));
}

/** Read the cases of imagesTr with their masks of labelsTr. */
export function* readDataset(folder: Folder, meanings: Meanings, flaws: Flaws): Generator<Outcome> {
  const meaning = nearest(folder, meanings);
  const images = folderIn(folder, IMAGES);
  const labels = folderIn(folder, LABELS);
  if (meaning instanceof UnfitCase || !images || !labels) {
    yield refused(
      labelOf(folder),
      meaning instanceof UnfitCase ? meaning.message : said.noLabels(IMAGES, LABELS),
    );
    return;
  }
  const masks = new Map(volumesOf(labels).map((leaf) => [stem(leaf), leaf]));
  yield* cases(images, masks, meaning, flaws);
  for (const each of folder.folders) {
    if (each !== images && each !== labels) {
      yield leftOut(labelOf(each), said.otherFolder(IMAGES));
    }
  }
  const unread = [...othersOf(folder), ...othersOf(images)];
  yield notRead(
    unread.map(({ label }) => label),
    folder.hidden + images.hidden,
  );
  yield* volumesOf(folder).map(({ label }) => leftOut(label, said.besideImages(IMAGES)));
}

/** Read the cases of a folder with images and masks side by side. */
export function* readNumbered(
  folder: Folder,
  meanings: Meanings,
  flaws: Flaws,
): Generator<Outcome> {
  const meaning = nearest(folder, meanings);
  if (meaning instanceof UnfitCase) {
    yield refused(labelOf(folder), meaning.message);
    return;
  }
  const masks = volumesOf(folder).filter((leaf) => !CHANNEL.test(stem(leaf)));
  yield* cases(folder, new Map(masks.map((leaf) => [stem(leaf), leaf])), meaning, flaws);
  const labels = [
    ...othersOf(folder).map(({ label }) => label),
    ...folder.folders.map((each) => labelOf(each)),
  ];
  yield notRead(labels, folder.hidden);
}

function* cases(
  folder: Folder,
  masks: ReadonlyMap<string, Leaf>,
  meaning: Meaning,
  flaws: Flaws,
): Generator<Outcome> {
  const numbered = byCase(folder);
  for (const [name, channels] of numbered) {
    try {
      yield caseOf(folder, name, channels, masks.get(name), meaning, flaws);
    } catch (error) {
      if (!(error instanceof UnfitCase)) throw error;
      yield refused(labelIn(folder, name), error.message);
    }
  }
  const unused = new Set([
    ...volumesOf(folder).filter((leaf) => !CHANNEL.test(stem(leaf))),
    ...masks.values(),
  ]);
  for (const name of numbered.keys()) {
    const mask = masks.get(name);
    if (mask) unused.delete(mask);
  }
  const all = new Set(masks.values());
  for (const leaf of unused) {
    const why = all.has(leaf) ? said.maskAlone : said.noChannel;
    yield leftOut(leaf.label, why(printable(stem(leaf))));
  }
}

function caseOf(
  folder: Folder,
  name: string,
  channels: ReadonlyMap<number, readonly Leaf[]>,
  mask: Leaf | undefined,
  { roles, scheme }: Meaning,
  flaws: Flaws,
): Outcome {
  const claims = new Map<Role, Leaf[]>();
  const others: Leaf[] = [];
  for (const [number, leaves] of channels) {
    const role = roles.get(number);
    if (!role) others.push(...leaves);
    else for (const leaf of leaves) claim(claims, role, leaf);
  }
  if (mask) claim(claims, "seg", mask);
  const expected = (role: Role) => {
    const number = [...roles].find(([, named]) => named === role)?.[0] ?? 0;
    if (role === "seg") return `${LABELS}/${name}.nii.gz`;
    return `${name}_${String(number).padStart(4, "0")}.nii.gz`;
  };
  return {
    kind: "candidate",
    name,
    path: folder.name === name ? folder.path : [...folder.path, name],
    above: folder.parent?.name ?? "",
    label: labelIn(folder, name),
    files: chooseFiles(claims, others, expected, flaws),
    ignored: others.map((leaf) => printable(leaf.name)),
    scheme,
  };
}

/** What the nearest dataset.json says, from the folder up to the one that is searched. */
function nearest(folder: Folder, meanings: Meanings): Meaning | UnfitCase {
  for (let each: Folder | null = folder; each; each = each.parent) {
    const found = meanings.get(each);
    if (found) return found;
  }
  return new UnfitCase(said.noMeaning(MEANING_FILE));
}

function byCase(folder: Folder): Numbered {
  const found = new Map<string, Map<number, Leaf[]>>();
  for (const leaf of volumesOf(folder)) {
    const [, name, number] = CHANNEL.exec(stem(leaf)) ?? [];
    if (name === undefined) continue;
    const channels = found.get(name) ?? new Map<number, Leaf[]>();
    const known = channels.get(Number(number)) ?? [];
    found.set(name, channels.set(Number(number), [...known, leaf]));
  }
  return found;
}

function labelIn(folder: Folder, name: string): string {
  const above = labelOf(folder);
  return folder.name === name || !above ? above || name : `${above}/${printable(name)}`;
}

function stem(leaf: Leaf): string {
  return stemOf(leaf.name) ?? "";
}

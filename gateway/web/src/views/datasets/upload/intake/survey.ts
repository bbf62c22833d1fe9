/** The search of a folder for cases: every folder below it comes to one outcome. */
import { texts } from "../../../../texts";
import { BESIDE, isSubject, readSubject } from "./bids";
import { namesOf } from "./claims";
import { type Flaws, findFlaws } from "./flaws";
import { buildTree, type Folder, type GivenFile, labelOf, othersOf, volumesOf } from "./folders";
import { giveIds } from "./ids";
import {
  isDataset,
  isNumbered,
  type Meanings,
  readDataset,
  readMeanings,
  readNumbered,
} from "./nnunet";
import { leftOut, notRead, type Outcome, type Scheme, type Survey, type Unfit } from "./outcomes";
import { explain, holdsACase, readCase } from "./plain";

/** How many folders below the one that is searched a case may lie. */
const DEEPEST = 5;
const { reasons } = texts.upload;

interface Known {
  readonly flaws: Flaws;
  readonly meanings: Meanings;
}

/**
 * Look for the cases in what the reader gave; read no more of a volume than its first bytes.
 * `scheme` is what the reader says of the labels; under "auto", nnU-Net's own words count.
 */
export async function survey(given: readonly GivenFile[], scheme: Scheme): Promise<Survey> {
  const root = buildTree(given);
  const known = { flaws: await findFlaws(root), meanings: await readMeanings(root, scheme) };
  const outcomes = [...look(root, known, DEEPEST)];
  const { cases, unfit } = giveIds(outcomes.filter((each) => each.kind === "candidate"));
  const unread = outcomes.filter((each) => each.kind === "not-read");
  const wrong = outcomes.filter(
    (each): each is Unfit => each.kind === "refused" || each.kind === "left-out",
  );
  return {
    name: root.name,
    cases,
    unfit: [...wrong, ...unfit].sort(refusedFirst),
    notRead: unread.flatMap(({ labels }) => labels),
    hidden: unread.reduce((sum, { hidden }) => sum + hidden, 0),
  };
}

function* look(folder: Folder, known: Known, depth: number): Generator<Outcome> {
  if (isDataset(folder)) yield* readDataset(folder, known.meanings, known.flaws);
  else if (isSubject(folder)) yield* readSubject(folder, known.flaws);
  else if (holdsACase(folder)) {
    yield notRead([], folder.hidden);
    yield readCase(folder, known.flaws);
  } else if (isNumbered(folder)) yield* readNumbered(folder, known.meanings, known.flaws);
  else yield* lookBelow(folder, known, depth);
}

function* lookBelow(folder: Folder, known: Known, depth: number): Generator<Outcome> {
  if (!folder.folders.length) {
    yield noCase(folder);
    yield notRead([], folder.hidden);
    return;
  }
  yield* volumesOf(folder).map((leaf) => leftOut(leaf.label, reasons.looseVolume));
  yield notRead(
    othersOf(folder).map(({ label }) => label),
    folder.hidden,
  );
  const isBids = folder.folders.some(isSubject);
  for (const each of folder.folders) {
    if (isBids && BESIDE.has(each.name)) yield notRead([`${labelOf(each)}/`]);
    else if (depth === 0) yield leftOut(labelOf(each), reasons.tooDeep(DEEPEST));
    else yield* look(each, known, depth - 1);
  }
}

function noCase(folder: Folder): Unfit {
  if (volumesOf(folder).length) return explain(folder);
  const found = namesOf(folder.files);
  return leftOut(labelOf(folder), found ? reasons.noVolume(found) : reasons.emptyFolder);
}

function refusedFirst(a: Unfit, b: Unfit): number {
  if (a.kind !== b.kind) return a.kind === "refused" ? -1 : 1;
  return a.label < b.label ? -1 : 1;
}

/** A folder with the files of one case, each called as its role, maybe after the case's name. */
import { texts } from "../../../../texts";
import { chooseFiles, claim, namesOf, UnfitCase } from "./claims";
import type { Flaws } from "./flaws";
import { type Folder, type Leaf, labelOf, printable, volumesOf } from "./folders";
import { isVisit } from "./ids";
import { caseIn, prefixOf, type Role, roleOf } from "./names";
import { type Candidate, leftOut, type Outcome, refused, type Unfit } from "./outcomes";

const { reasons } = texts.upload;

/** Say whether any file is called as the role of this folder's case. */
export function holdsACase(folder: Folder): boolean {
  return folder.files.some((leaf) => roleIn(folder, leaf) !== undefined);
}

/** Read the case of a folder that holds one. */
export function readCase(folder: Folder, flaws: Flaws): Outcome {
  const other = folder.folders.find(holdsACase);
  if (other) return refused(labelOf(folder), reasons.otherCase(printable(other.name)));
  try {
    return candidate(folder, flaws);
  } catch (error) {
    if (error instanceof UnfitCase) return refused(labelOf(folder), error.message);
    throw error;
  }
}

/** Say why a folder with volumes is no case: what was found and what was expected. */
export function explain(folder: Folder): Unfit {
  const volumes = volumesOf(folder);
  const cases = [...new Set(volumes.flatMap(({ name }) => caseIn(name) ?? []))].sort();
  const found = namesOf(volumes);
  const [first = ""] = cases;
  if (cases.length === 1) return leftOut(labelOf(folder), reasons.namedAfter(found, first));
  return leftOut(
    labelOf(folder),
    cases.length
      ? reasons.severalCases(found, cases.slice(0, 3).join(", "))
      : reasons.noRole(found),
  );
}

function candidate(folder: Folder, flaws: Flaws): Candidate {
  const claims = new Map<Role, Leaf[]>();
  const others: Leaf[] = [];
  for (const leaf of folder.files) {
    const role = roleIn(folder, leaf);
    if (role) claim(claims, role, leaf);
    else others.push(leaf);
  }
  const before = prefixOf([...claims.values()][0]?.[0]?.name ?? "");
  const files = chooseFiles(claims, others, (role) => `${before}${role}.nii.gz`, flaws);
  const ignored = [
    ...others.map(({ name }) => printable(name)),
    ...folder.folders.map(({ name }) => `${printable(name)}/`),
  ];
  return {
    kind: "candidate",
    name: folder.name,
    path: folder.path,
    above: folder.parent?.name ?? "",
    label: labelOf(folder),
    files,
    ignored,
  };
}

/** The role in the folder's case, whose name may begin with that of the patient's folder. */
function roleIn(folder: Folder, leaf: Leaf): Role | undefined {
  const above = folder.parent?.name;
  const names = [folder.name];
  if (above) names.push(`${above}_${folder.name}`, `${above}-${folder.name}`);
  if (above && isVisit(folder.name)) names.push(above);
  for (const name of names) {
    const role = roleOf(leaf.name, name);
    if (role) return role;
  }
  return undefined;
}

/** Why a file cannot be sent, told before the first upload. Its voxels are the server's to judge. */
import { texts } from "../../../../texts";
import { allFolders, type Folder, type Leaf, volumesOf } from "./folders";

/** The most that the server takes of one file. */
export const MAX_FILE_BYTES = 4 * 2 ** 30;
const HEAD_BYTES = 512;
const AT_ONCE = 16;
const { flaws: said } = texts.upload;
const POINTERS: readonly (readonly [RegExp, string])[] = [
  [/^version https:\/\/git-lfs/, said.gitLfs],
  [/^(?:\.\.\/)*(?:\.git)?\/annex\/objects\//, said.gitAnnex],
  [/^\s*(?:<!--[\s\S]*?-->\s*)?<(?:!doctype|html)\b/i, said.webPage],
];

export interface Flaws {
  readonly of: (leaf: Leaf) => string | undefined;
}

/** Look at the first bytes of every volume in a tree. */
export async function findFlaws(root: Folder): Promise<Flaws> {
  const found = new Map<Leaf, string>();
  const waiting = [...allFolders(root)].flatMap(volumesOf);
  const look = async () => {
    for (let leaf = waiting.pop(); leaf; leaf = waiting.pop()) {
      const flaw = await flawOf(leaf.file);
      if (flaw) found.set(leaf, flaw);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, look));
  return { of: (leaf) => found.get(leaf) };
}

async function flawOf(file: File | null): Promise<string | undefined> {
  if (file === null) return said.folder;
  if (file.size === 0) return said.empty;
  if (file.size > MAX_FILE_BYTES) return said.tooLarge(file.size);
  try {
    const head = await file.slice(0, HEAD_BYTES).text();
    return POINTERS.find(([pattern]) => pattern.test(head))?.[1];
  } catch {
    return said.unreadable;
  }
}

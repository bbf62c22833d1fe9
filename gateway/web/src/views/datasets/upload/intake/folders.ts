/** The files that a reader gave, as the tree of folders that they lie in. */
import { stemOf } from "./names";

/** A file as the browser gives it: the names that lead to it, the last one its own. */
export interface GivenFile {
  readonly path: readonly string[];
  readonly file: File;
}

/** A file in its folder. A folder that is called as a volume is one too, without content. */
export interface Leaf {
  readonly name: string;
  readonly label: string;
  readonly file: File | null;
}

export interface Folder {
  readonly name: string;
  /** The names that lead to it from the folder that is searched; for that one its own name. */
  readonly path: readonly string[];
  readonly parent: Folder | null;
  readonly files: Leaf[];
  readonly folders: Folder[];
  /** How many entries the file browsers of desktops left there, which are not looked at. */
  hidden: number;
}

const HIDDEN = new Set(["__MACOSX", "Thumbs.db", "desktop.ini", "@eaDir"]);

/** Build the tree. If all files lie in one folder, that one is searched, else all of them are. */
export function buildTree(given: readonly GivenFile[]): Folder {
  const tops = new Set(given.map(({ path }) => (path.length > 1 ? path[0] : undefined)));
  const [only] = tops;
  const isOne = tops.size === 1 && only !== undefined && stemOf(only) === undefined;
  const root: Folder = isOne ? emptyFolder(only, null) : emptyFolder("", null);
  const known = new Map<string, Folder | null>();
  for (const { path, file } of given) place(root, isOne ? path.slice(1) : path, file, known);
  sort(root);
  return root;
}

export function labelOf(folder: Folder): string {
  return folder.path.map(printable).join("/");
}

export function volumesOf(folder: Folder): readonly Leaf[] {
  return folder.files.filter(({ name }) => stemOf(name) !== undefined);
}

export function othersOf(folder: Folder): readonly Leaf[] {
  return folder.files.filter(({ name }) => stemOf(name) === undefined);
}

export function folderIn(folder: Folder, name: string): Folder | undefined {
  return folder.folders.find((each) => each.name === name);
}

/** Every folder of the tree, the root first. */
export function* allFolders(folder: Folder): Generator<Folder> {
  yield folder;
  for (const each of folder.folders) yield* allFolders(each);
}

/** A name as it can be shown in one line. */
export function printable(name: string): string {
  return name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (each) => `\\u${each.codePointAt(0)?.toString(16)}`);
}

function place(
  root: Folder,
  path: readonly string[],
  file: File,
  known: Map<string, Folder | null>,
): void {
  let folder = root;
  for (const [at, name] of path.entries()) {
    const isLast = at === path.length - 1;
    const key = path.slice(0, at + 1).join("/");
    if (!isLast && known.has(key)) {
      const next = known.get(key);
      if (!next) return; // below what is hidden, or called as a volume
      folder = next;
      continue;
    }
    if (isHidden(name)) {
      folder.hidden += 1;
      known.set(key, null);
      return;
    }
    if (isLast || stemOf(name) !== undefined) {
      folder.files.push({ name, label: labelIn(folder, name), file: isLast ? file : null });
      known.set(key, null);
      return;
    }
    const made = emptyFolder(name, folder);
    folder.folders.push(made);
    known.set(key, made);
    folder = made;
  }
}

function emptyFolder(name: string, parent: Folder | null): Folder {
  const above = parent === null || parent.parent === null ? [] : parent.path;
  const path = parent === null ? (name ? [name] : []) : [...above, name];
  return { name, path, parent, files: [], folders: [], hidden: 0 };
}

function labelIn(folder: Folder, name: string): string {
  const above = folder.parent === null ? [] : folder.path;
  return [...above, name].map(printable).join("/");
}

function sort(folder: Folder): void {
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  folder.files.sort(byName);
  folder.folders.sort(byName);
  for (const each of folder.folders) sort(each);
}

function isHidden(name: string): boolean {
  return name.startsWith(".") || HIDDEN.has(name);
}

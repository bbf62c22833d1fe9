/** What the reader dropped or chose, with every file in every folder below. */
import type { GivenFile } from "./intake/folders";

export interface Given {
  readonly files: readonly GivenFile[];
  /** What the browser could not read. */
  readonly unreadable: readonly string[];
}

/** Read what was dropped. Its entries must be taken before anything is awaited. */
export async function readDrop(dropped: DataTransfer): Promise<Given> {
  const files: GivenFile[] = [];
  const unreadable: string[] = [];
  const entries: FileSystemEntry[] = [];
  for (const item of dropped.items) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry();
    const file = entry ? null : item.getAsFile();
    if (entry) entries.push(entry);
    else if (file) files.push({ path: [file.name], file });
  }
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    try {
      if (entry.isFile) {
        const file = await fileOf(entry as FileSystemFileEntry);
        files.push({ path: entry.fullPath.split("/").filter(Boolean), file });
      } else {
        for (const each of await entriesOf(entry as FileSystemDirectoryEntry)) await walk(each);
      }
    } catch {
      unreadable.push(entry.fullPath);
    }
  };
  for (const entry of entries) await walk(entry);
  return { files, unreadable };
}

/** Read what was chosen: a folder's files know where they lie, single files do not. */
export function readChosen(chosen: FileList): Given {
  const files = [...chosen].map((file) => ({
    path: file.webkitRelativePath ? file.webkitRelativePath.split("/") : [file.name],
    file,
  }));
  return { files, unreadable: [] };
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** A reader gives a hundred entries at a time, and none when it is done. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const found: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (!some.length) return found;
    found.push(...some);
  }
}

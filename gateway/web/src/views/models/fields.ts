/** Reads what is typed into the forms of models. */

/** Read ids, parted by spaces, commas or lines; nothing where none is given. */
export function readSeen(text: string): string[] | undefined {
  const ids = text.split(/[\s,;]+/).filter(Boolean);
  return ids.length > 0 ? ids : undefined;
}

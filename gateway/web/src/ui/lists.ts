/** Read a list as it is typed: parts between separators, each once. */
export function readParts(text: string, separator: RegExp = /,/): string[] {
  return [...new Set(text.split(separator).map((part) => part.trim()))].filter(Boolean);
}

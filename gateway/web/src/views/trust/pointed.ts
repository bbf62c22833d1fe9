/** Find what an error's pointer means in the text that was sent. */
import { dsvFormat } from "d3-dsv";

/** A cell of a table. Lines count from 1, the header's; no column means the whole line. */
export interface Cell {
  readonly line: number;
  readonly column: string | undefined;
}

export interface Line {
  readonly number: number;
  readonly cells: readonly string[];
  readonly wrong: boolean;
}

export interface Around {
  readonly header: readonly string[];
  readonly lines: readonly Line[];
}

const BESIDE = 2;

/** Read `/lines/<number>/<column>`; null for any other pointer. */
export function cellOf(pointer: string): Cell | null {
  const [, lines, number, column] = pointer.split("/").map(plain);
  if (lines !== "lines" || !number || !/^\d+$/.test(number)) return null;
  return { line: Number(number), column };
}

/** Give the header and the lines around a cell, cut as a table's separator says. */
export function linesAround(text: string, cell: Cell): Around {
  const all = text.split(/\r\n|\n|\r/);
  const parse = dsvFormat(separator(all[0] ?? ""));
  const cells = (at: number) => parse.parseRows(all[at - 1] ?? "")[0] ?? [];
  const first = Math.max(cell.line === 1 ? 1 : 2, cell.line - BESIDE);
  const last = Math.min(all.length, cell.line + BESIDE);
  const lines: Line[] = [];
  for (let number = first; number <= last; number++) {
    if (all[number - 1]) lines.push({ number, cells: cells(number), wrong: number === cell.line });
  }
  return { header: cells(1), lines };
}

/** Give the value that a JSON pointer names (RFC 6901); undefined if there is none. */
export function valueAt(text: string, pointer: string): unknown {
  try {
    let value: unknown = JSON.parse(text);
    for (const part of pointer.split("/").slice(1).map(plain)) {
      value = (value as Record<string, unknown> | null | undefined)?.[part];
    }
    return value;
  } catch {
    return undefined; // the text is no JSON, which the problem says
  }
}

function separator(header: string): string {
  const counts = [",", ";", "\t"].map((sign) => [sign, header.split(sign).length] as const);
  return counts.reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}

function plain(part: string): string {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}

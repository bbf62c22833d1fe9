/** Read a paged list of the API page by page, as the reader scrolls. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api/client";
import { toProblem } from "./loaded";

interface Page<Row> {
  readonly items: readonly Row[];
  readonly next: string | null;
}

export interface Pages<Row> {
  readonly rows: readonly Row[];
  readonly problem: Problem | undefined;
  readonly loading: boolean;
  /** Whether all pages were read. */
  readonly complete: boolean;
  readonly more: () => void;
  readonly reload: () => void;
  /** Read the pages of these rows again, in place. New rows come to the head. */
  readonly refresh: (first: number, last: number) => void;
}

interface Place {
  cursor: string | undefined;
  busy: boolean;
  readonly stop: AbortController;
  /** Where each page that was read begins. */
  readonly starts: { at: number; readonly cursor: string | undefined }[];
}

export function usePages<Row>(
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Row>>,
  deps: readonly unknown[],
  keyOf: (row: Row) => string = (row) => JSON.stringify(row),
): Pages<Row> {
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [problem, setProblem] = useState<Problem>();
  const [loading, setLoading] = useState(true);
  const [complete, setComplete] = useState(false);
  const [turn, setTurn] = useState(0);
  const place = useRef<Place>(null);
  const more = useCallback(async () => {
    const now = place.current;
    if (!now || now.busy || now.stop.signal.aborted) return;
    now.busy = true;
    setLoading(true);
    try {
      const page = await read(now.cursor, now.stop.signal);
      if (now.stop.signal.aborted) return;
      const { cursor, starts } = now;
      setRows((known) => {
        const before = cursor === undefined ? [] : known;
        if (!starts.some((start) => start.cursor === cursor)) {
          starts.push({ at: before.length, cursor });
        }
        return [...before, ...page.items];
      });
      setProblem(undefined);
      if (page.next === null) {
        setComplete(true);
        return; // stays busy: there is no more
      }
      now.cursor = page.next;
      now.busy = false;
    } catch (error) {
      if (now.stop.signal.aborted) return;
      setProblem(toProblem(error));
      now.busy = false;
    } finally {
      if (!now.stop.signal.aborted) setLoading(false);
    }
  }, [...deps]);
  useEffect(() => {
    const stop = new AbortController();
    place.current = { cursor: undefined, busy: false, stop, starts: [] };
    setComplete(false);
    void more();
    return () => stop.abort();
  }, [...deps, turn]);
  const reload = useCallback(() => setTurn((count) => count + 1), []);
  const refresh = useCallback(
    async (first: number, last: number) => {
      const now = place.current;
      if (!now) return;
      const { starts, stop } = now;
      const wanted = starts.filter(
        ({ at }, index) =>
          at <= last && (starts[index + 1]?.at ?? Number.POSITIVE_INFINITY) > first,
      );
      for (const { cursor } of wanted) {
        const page = await read(cursor, stop.signal).catch(() => undefined); // seen at the next look
        if (!page || stop.signal.aborted) return;
        setRows((known) => {
          const merged = mergeRows(known, page.items, keyOf, cursor === undefined);
          const added = merged.length - known.length;
          for (const start of starts) if (start.at > 0) start.at += added;
          return merged;
        });
      }
    },
    [...deps],
  );
  return {
    rows,
    problem,
    loading,
    complete,
    more: () => void more(),
    reload,
    refresh: (first, last) => void refresh(first, last),
  };
}

/** Put fresh rows in the places of the known ones; what is new stands before them if `head`. */
export function mergeRows<Row>(
  known: readonly Row[],
  fresh: readonly Row[],
  keyOf: (row: Row) => string,
  head: boolean,
): readonly Row[] {
  const byKey = new Map(fresh.map((row) => [keyOf(row), row]));
  const keys = new Set(known.map(keyOf));
  const added = head ? fresh.filter((row) => !keys.has(keyOf(row))) : [];
  return [...added, ...known.map((row) => byKey.get(keyOf(row)) ?? row)];
}

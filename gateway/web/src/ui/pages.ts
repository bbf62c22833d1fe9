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
}

export function usePages<Row>(
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Row>>,
  deps: readonly unknown[],
): Pages<Row> {
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [problem, setProblem] = useState<Problem>();
  const [loading, setLoading] = useState(true);
  const [complete, setComplete] = useState(false);
  const [turn, setTurn] = useState(0);
  const place = useRef<{ cursor: string | undefined; busy: boolean; stop: AbortController }>(null);
  const more = useCallback(async () => {
    const now = place.current;
    if (!now || now.busy || now.stop.signal.aborted) return;
    now.busy = true;
    setLoading(true);
    try {
      const page = await read(now.cursor, now.stop.signal);
      if (now.stop.signal.aborted) return;
      const first = now.cursor === undefined;
      setRows((known) => (first ? page.items : [...known, ...page.items]));
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
    place.current = { cursor: undefined, busy: false, stop };
    setComplete(false);
    void more();
    return () => stop.abort();
  }, [...deps, turn]);
  const reload = useCallback(() => setTurn((count) => count + 1), []);
  return { rows, problem, loading, complete, more: () => void more(), reload };
}

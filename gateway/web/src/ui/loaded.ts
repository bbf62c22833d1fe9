/** What a view loads from the API: the data, the problem, and when it is looked at again. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api/client";
import { texts } from "../texts";

export interface Loaded<T> {
  readonly data: T | undefined;
  /** Why the latest look failed. `data` still holds what was seen before it. */
  readonly problem: Problem | undefined;
  readonly loading: boolean;
  readonly reload: () => void;
}

interface Options<T> {
  /** Look again after so many milliseconds, while `again` says so and the page is seen. */
  readonly everyMs?: number;
  readonly again?: (data: T) => boolean;
}

/** Load when the view opens and whenever `deps` change. An answer that comes too late is dropped. */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  deps: readonly unknown[],
  { everyMs, again }: Options<T> = {},
): Loaded<T> {
  const [data, setData] = useState<T>();
  const [problem, setProblem] = useState<Problem>();
  const [loading, setLoading] = useState(true);
  const [turn, setTurn] = useState(0);
  const known = useRef(deps);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    if (known.current.some((value, at) => value !== deps[at])) setData(undefined);
    known.current = deps;
    setLoading(true);
    const look = async () => {
      let wanted = everyMs !== undefined;
      try {
        const found = await load(stop.signal);
        if (stop.signal.aborted) return;
        setData(found);
        setProblem(undefined);
        wanted &&= again?.(found) ?? true;
      } catch (error) {
        if (stop.signal.aborted) return;
        setProblem(toProblem(error));
        wanted ||= toProblem(error).status === 0;
      }
      setLoading(false);
      if (wanted) timer = setTimeout(whenSeen, everyMs ?? 5000);
    };
    const whenSeen = () => {
      if (!document.hidden) void look();
      else timer = setTimeout(whenSeen, 1000);
    };
    void look();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [...deps, turn]);
  const reload = useCallback(() => setTurn((count) => count + 1), []);
  return { data, problem, loading, reload };
}

/** Make a problem of whatever was thrown. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Error && error.cause instanceof Problem) return error.cause;
  if (error instanceof TypeError) {
    return new Problem(0, texts.problems.unreachableTitle, texts.problems.unreachable);
  }
  return new Problem(
    -1,
    texts.problems.heading,
    String(error instanceof Error ? error.message : error),
  );
}

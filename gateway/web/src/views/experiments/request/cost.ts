/** What a request would cost and show, asked for as it is typed, and how it is sent. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, ok, type Problem, type Schemas } from "../../../api/client";
import { toProblem } from "../../../ui/loaded";
import type { Request, Spec } from "./draft";

export type Cost = Schemas["CostBody"];

export interface Asked {
  readonly cost: Cost | undefined;
  readonly problem: Problem | undefined;
  readonly busy: boolean;
}

const PAUSE_MS = 500;

/** Ask once nothing was typed for half a second. Only the answer to the latest request is kept. */
export function useCost({ spec, errors }: Request): Asked {
  const [asked, setAsked] = useState<Asked>({ cost: undefined, problem: undefined, busy: false });
  const body = errors.length ? "" : JSON.stringify(spec);
  useEffect(() => {
    if (!body) return setAsked({ cost: undefined, problem: undefined, busy: false });
    const stop = new AbortController();
    setAsked((known) => ({ ...known, busy: true }));
    const timer = setTimeout(async () => {
      const found = await askCost(JSON.parse(body) as Spec, stop.signal);
      if (!stop.signal.aborted) setAsked(found);
    }, PAUSE_MS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [body]);
  return asked;
}

async function askCost(body: Spec, signal: AbortSignal): Promise<Asked> {
  const query = { dry_run: true };
  try {
    const cost = await ok(api.POST("/experiments", { params: { query }, body, signal }));
    return { cost: cost as Cost, problem: undefined, busy: false };
  } catch (error) {
    return { cost: undefined, problem: toProblem(error), busy: false };
  }
}

/** Send a request; the same one, sent again after no answer came, makes no second experiment. */
export function useSend(): (spec: Spec) => Promise<Schemas["ExperimentBody"]> {
  const last = useRef({ body: "", key: "" });
  return async (spec) => {
    const body = JSON.stringify(spec);
    if (last.current.body !== body) last.current = { body, key: newKey() };
    const header = { "Idempotency-Key": last.current.key };
    try {
      const made = await ok(api.POST("/experiments", { params: { header }, body: spec }));
      return made as Schemas["ExperimentBody"]; // a dry run alone answers anything else
    } catch (error) {
      const { status } = toProblem(error);
      // An answer is kept under its key. What was refused may be asked for anew, as a new request.
      if (status >= 400 && status < 500) last.current = { body: "", key: "" };
      throw error;
    }
  };
}

/** `crypto.randomUUID` exists over TLS alone. */
function newKey(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * One experiment as it changes. The server sends each state (server-sent events); where it cannot,
 * the page asks every few seconds until it can again.
 *
 * Only the latest state is kept, so a page that stays open does not grow.
 */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { api, ok, type Problem } from "../../../api/client";
import { toProblem } from "../../../ui/loaded";
import { type Experiment, isFinal } from "../names";

const AGAIN_MS = 3_000;
/** A proxy may hold events back. After so long without one, the page asks. */
const SILENCE_MS = 60_000;

interface Told {
  readonly read: (id: string, signal: AbortSignal) => Promise<Experiment>;
  readonly onState: (state: Experiment) => void;
  readonly onProblem: (problem: Problem | undefined) => void;
}

/** Follows one experiment until it is stopped. */
export class Watch {
  private readonly stopped = new AbortController();
  private source: EventSource | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly id: string,
    private readonly told: Told,
  ) {}

  /** Ask for the state now; then listen for its changes. */
  async look(): Promise<void> {
    this.rest();
    const { signal } = this.stopped;
    try {
      const state = await this.told.read(this.id, signal);
      if (signal.aborted) return;
      this.told.onProblem(undefined);
      this.told.onState(state);
      if (!isFinal(state)) this.listen();
    } catch (error) {
      if (signal.aborted) return;
      const problem = toProblem(error);
      this.told.onProblem(problem);
      if (mayPass(problem)) this.again(AGAIN_MS);
    }
  }

  stop(): void {
    this.stopped.abort();
    this.rest();
  }

  private listen(): void {
    this.rest(); // a second look may have come between
    const source = new EventSource(`./experiments/${encodeURIComponent(this.id)}/events`);
    this.source = source;
    this.again(SILENCE_MS);
    source.addEventListener("state", (event) => {
      const state = JSON.parse(event.data) as Experiment;
      this.told.onState(state);
      if (isFinal(state)) this.rest();
      else this.again(SILENCE_MS);
    });
    source.onerror = () => {
      this.rest();
      this.again(AGAIN_MS);
    };
  }

  private again(afterMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), afterMs);
  }

  private rest(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = undefined;
  }
}

/** Whether asking again may help: the server is away or overloaded. */
function mayPass({ status }: Problem): boolean {
  return status === 0 || status === 429 || status >= 500;
}

function readExperiment(id: string, signal: AbortSignal): Promise<Experiment> {
  const path = { experiment_id: id };
  return ok(api.GET("/experiments/{experiment_id}", { params: { path }, signal }));
}

export interface Live {
  readonly experiment: Experiment | undefined;
  readonly problem: Problem | undefined;
  /** Look at once, as after something was done to it. */
  readonly look: () => void;
}

export function useLive(id: string): Live {
  const [experiment, setExperiment] = useState<Experiment>();
  const [problem, setProblem] = useState<Problem>();
  const watch = useRef<Watch>(null);
  useEffect(() => {
    const own = new Watch(id, {
      read: readExperiment,
      onState: setExperiment,
      onProblem: setProblem,
    });
    watch.current = own;
    void own.look();
    return () => own.stop();
  }, [id]);
  const look = useCallback(() => void watch.current?.look(), []);
  return { experiment, problem, look };
}

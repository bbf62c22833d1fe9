/** Scores images beside the page, which stays responsive: 9 million voxels take about 0.2 s. */
import { type Scored, score } from "./zscores";

export interface Asked {
  readonly real: ArrayLike<number>;
  readonly twin: ArrayLike<number> | null;
  readonly brain: ArrayLike<number>;
}

export type Answered = { readonly scored: Scored } | { readonly refused: string };

// The compiler takes this for a page, whose postMessage has other arguments.
const worker = self as unknown as {
  postMessage: (answer: Answered, transfer: Transferable[]) => void;
};

self.onmessage = ({ data }: MessageEvent<Asked>) => {
  try {
    const scored = score(data.real, data.twin, data.brain);
    const answer: Answered = { scored };
    worker.postMessage(answer, scored.difference ? [scored.difference.buffer] : []);
  } catch (error) {
    worker.postMessage({ refused: error instanceof Error ? error.message : String(error) }, []);
  }
};

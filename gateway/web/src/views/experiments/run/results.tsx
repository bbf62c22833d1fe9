/** The results, loaded when they are looked at: their charts are no part of the first load. */
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../../../api/client";
import { toProblem } from "../../../ui/loaded";
import { Loading, ProblemBox } from "../../../ui/parts";
import type { Experiment } from "../names";

type Parts = typeof import("../results");

const PARTS = {
  results: "Results",
  cases: "Cases",
  figures: "Figures",
  downloads: "Downloads",
} as const satisfies Record<string, keyof Parts>;

interface ResultsProps {
  readonly of: Experiment;
  readonly part: keyof typeof PARTS;
}

export function LazyResults({ of, part }: ResultsProps) {
  const [parts, setParts] = useState<Parts>();
  const [problem, setProblem] = useState<Problem>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    setProblem(undefined);
    import("../results").then(setParts, (error: unknown) => setProblem(toProblem(error)));
  }, [turn]);
  if (problem) return <ProblemBox problem={problem} retry={() => setTurn(turn + 1)} />;
  if (!parts) return <Loading />;
  const Shown = parts[PARTS[part]];
  return <Shown experiment={of} />;
}

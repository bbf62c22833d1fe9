/** The results, loaded when they are looked at: their charts are no part of the first load. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../../../api/client";
import { toProblem } from "../../../ui/loaded";
import { Loading, ProblemBox } from "../../../ui/parts";
import type { Experiment } from "../names";

type Shown = ComponentType<{ readonly experiment: Experiment }>;

const found = import.meta.glob<{ Results: Shown }>("../results/index.tsx");

async function load(): Promise<Shown> {
  const [part] = Object.values(found);
  return part ? (await part()).Results : () => null;
}

export function LazyResults({ experiment }: { experiment: Experiment }) {
  const [shown, setShown] = useState<{ readonly Results: Shown }>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    load().then(
      (Results) => setShown({ Results }),
      (error: unknown) => setProblem(toProblem(error)),
    );
  }, []);
  if (problem) return <ProblemBox problem={problem} retry={() => location.reload()} />;
  return shown ? <shown.Results experiment={experiment} /> : <Loading />;
}

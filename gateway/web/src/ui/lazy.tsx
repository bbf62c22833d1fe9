/** A part of the page that is loaded when it is first looked at, and no part of the first load. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../api/client";
import { toProblem } from "./loaded";
import { Loading, ProblemBox } from "./parts";

/** Make a component of one that `load` gives. Call it once, outside of components. */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): (props: Props) => preact.JSX.Element {
  let loaded: ComponentType<Props> | undefined;
  return function Lazy(props: Props) {
    const [, show] = useState(loaded);
    const [problem, setProblem] = useState<Problem>();
    useEffect(() => {
      if (loaded) return;
      load().then(
        (found) => {
          loaded = found;
          show(() => found);
        },
        (error: unknown) => setProblem(toProblem(error)),
      );
    }, []);
    if (problem) return <ProblemBox problem={problem} retry={() => location.reload()} />;
    const Shown = loaded;
    return Shown ? <Shown {...props} /> : <Loading />;
  };
}

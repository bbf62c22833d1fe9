/** Which experiments are chosen to be compared: two to six. */
import { useState } from "preact/hooks";
import { texts } from "../../../texts";

const FEWEST = 2;
const MOST = 6;

export interface Choice {
  readonly ids: readonly string[];
  readonly full: boolean;
  readonly toggle: (id: string) => void;
  readonly clear: () => void;
}

export function useChoice(): Choice {
  const [ids, setIds] = useState<readonly string[]>([]);
  const toggle = (id: string) =>
    setIds((known) =>
      known.includes(id) ? known.filter((each) => each !== id) : [...known, id].slice(0, MOST),
    );
  return { ids, full: ids.length >= MOST, toggle, clear: () => setIds([]) };
}

export function Chosen({ choice }: { choice: Choice }) {
  const { ids, clear } = choice;
  const enough = ids.length >= FEWEST;
  return (
    <div class={ids.length ? "chosen chosen-some" : "chosen"}>
      <span role="status">
        {ids.length > 0 && texts.experiments.chosen(ids.length)}{" "}
        {!enough && texts.experiments.compareHint}
      </span>
      {enough && (
        <a class="button" href={`#/compare?ids=${ids.map(encodeURIComponent).join(",")}`}>
          {texts.experiments.compare}
        </a>
      )}
      {ids.length > 0 && (
        <button type="button" onClick={clear}>
          {texts.experiments.clear}
        </button>
      )}
    </div>
  );
}

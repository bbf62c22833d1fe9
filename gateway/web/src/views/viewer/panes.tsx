/** One image in its box, with what it is written on it. */
import type { ComponentChildren } from "preact";
import { texts } from "../../texts";
import { Synthetic } from "../../ui/parts";
import type { Modality } from "./data/sources";

export const PANES = ["real", "twin", "difference"] as const;
export type PaneName = (typeof PANES)[number];

const PHANTOM = "phantom-"; // begins the ids of cases that a program made, as the API has it

interface PaneProps {
  readonly name: PaneName;
  readonly caseId: string;
  readonly modality: Modality;
  readonly children: ComponentChildren;
}

export function Pane({ name, caseId, modality, children }: PaneProps) {
  return (
    <figure class={`pane pane-${name}`}>
      <div class="pane-box">
        {children}
        <figcaption class="pane-name">
          {texts.viewer.modalities[modality]} · {titleOf(name, caseId)}
        </figcaption>
        <Mark name={name} caseId={caseId} />
      </div>
    </figure>
  );
}

/** What is no patient's image says so on itself. */
function Mark({ name, caseId }: { name: PaneName; caseId: string }) {
  const mark = markOf(name, caseId);
  if (!mark) return null;
  return <div class="pane-mark">{name === "twin" ? <Synthetic /> : <span>{mark}</span>}</div>;
}

/** A phantom's image is not called real: it is of no patient. */
export function titleOf(name: PaneName, caseId: string): string {
  const isPhantom = name === "real" && caseId.startsWith(PHANTOM);
  return isPhantom ? texts.viewer.phantom : texts.viewer.panes[name];
}

export function markOf(name: PaneName, caseId: string): string | undefined {
  if (name === "twin") return texts.product.synthetic;
  if (name === "difference") return texts.viewer.differenceMark(titleOf("real", caseId));
  return caseId.startsWith(PHANTOM) ? texts.viewer.phantomMark : undefined;
}

/** Where one image ends and the other begins: dragged, or moved by the arrow keys. */
export function Divider({ at, move }: { at: number; move: (at: number) => void }) {
  return (
    <input
      class="pane-divider"
      type="range"
      min={0}
      max={100}
      value={Math.round(at * 100)}
      aria-label={texts.viewer.divider}
      aria-valuetext={texts.viewer.dividerAt(Math.round(at * 100))}
      onInput={(event) => move(Number(event.currentTarget.value) / 100)}
    />
  );
}

/** One image in its box, with what it is written on it. */
import type { ComponentChildren } from "preact";
import { texts } from "../../texts";
import { Synthetic } from "../../ui/parts";
import type { Modality, Subject } from "./data/sources";

export const PANES = ["real", "twin", "difference"] as const;
export type PaneName = (typeof PANES)[number];

interface PaneProps {
  readonly name: PaneName;
  readonly subject: Subject;
  readonly modality: Modality;
  readonly children: ComponentChildren;
}

export function Pane({ name, subject, modality, children }: PaneProps) {
  return (
    <figure class={`pane pane-${name}`}>
      <div class="pane-box">
        {children}
        <figcaption class="pane-name">
          {texts.viewer.modalities[modality]} · {titleOf(name, subject)}
        </figcaption>
        <Mark name={name} subject={subject} />
      </div>
    </figure>
  );
}

/** What is no patient's image says so on itself. */
function Mark({ name, subject }: { name: PaneName; subject: Subject }) {
  const mark = markOf(name, subject);
  if (!mark) return null;
  return <div class="pane-mark">{name === "twin" ? <Synthetic /> : <span>{mark}</span>}</div>;
}

/** Only an image of a patient is called real. */
export function titleOf(name: PaneName, { origin }: Subject): string {
  if (name !== "real" || origin === "patients") return texts.viewer.panes[name];
  return origin === "phantoms" ? texts.viewer.phantom : texts.viewer.reference;
}

export function markOf(name: PaneName, subject: Subject): string | undefined {
  if (name === "twin") return texts.product.synthetic;
  if (name === "difference") return texts.viewer.differenceMark(titleOf("real", subject));
  if (subject.origin === "patients") return undefined;
  return subject.origin === "phantoms" ? texts.viewer.phantomMark : texts.viewer.unrecordedMark;
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

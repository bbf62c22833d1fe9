/** The images by WebGL: linked canvases, a readout of the cursor, full screen and a picture to keep. */
import { useEffect, useRef, useState } from "preact/hooks";
import { texts } from "../../texts";
import { type Change, type Choice, stepOf } from "./choice";
import { tumourCentre } from "./data/geometry";
import { type Images, toNiivue } from "./data/images";
import type { Subject } from "./data/sources";
import { fromZ, toZ } from "./data/zscores";
import type { Maps } from "./desk";
import { Divider, PANES, Pane, type PaneName, titleOf } from "./panes";
import { Readout } from "./readout";
import { keepPicture } from "./save";
import { type Place, type Shown, Stage } from "./stage";

export interface ShownProps {
  readonly subject: Subject;
  readonly choice: Choice;
  readonly change: Change;
  readonly images: Images;
  readonly maps: Maps;
  readonly busy: boolean;
  /** Handles a key of the desk; says whether it did. */
  readonly onKey: (event: KeyboardEvent) => boolean;
  /** WebGL failed, or was taken away. */
  readonly lost: () => void;
}

export function Live(props: ShownProps) {
  const { subject, choice, change, images, busy } = props;
  const frame = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<Place>();
  const stage = useStage(frame, props, setPlace);
  useScene(stage, props);
  useEffect(() => stage?.opacity(choice.opacity), [stage, choice.opacity]);
  useWindows(stage, images, choice);
  useEffect(() => stage?.view(choice.view), [stage, choice.view]);
  const names = PANES.filter((name) => name === "real" || images.twin);
  const sliding = choice.sliding && Boolean(images.twin);
  const full = () => void toggleFull(frame.current);
  return (
    <div
      class={sliding ? "stage stage-sliding" : "stage"}
      ref={frame}
      onKeyDownCapture={(event) => press(event, stage, props, full)}
      onKeyUpCapture={(event) => event.stopPropagation()}
      style={{ "--divider": choice.divider }}
      aria-busy={busy}
    >
      <div class={`panes panes-${names.length}`}>
        {names.map((name) => (
          <Pane key={name} name={name} subject={subject} modality={choice.modality}>
            <canvas
              tabIndex={0}
              aria-label={texts.viewer.canvas(titleOf(name, subject))}
              aria-keyshortcuts="ArrowUp ArrowDown m o p c r f ?"
            />
          </Pane>
        ))}
        {sliding && <Divider at={choice.divider} move={(divider) => change({ divider })} />}
      </div>
      <Readout subject={subject} place={place} images={images} choice={choice} />
      <p class="row stage-actions">
        <button type="button" onClick={full}>
          {texts.viewer.full}
        </button>
        <button
          type="button"
          disabled={!stage}
          onClick={() => stage && keepPicture(stage, names, subject, choice)}
        >
          {texts.viewer.keep}
        </button>
      </p>
    </div>
  );
}

function press(
  event: KeyboardEvent,
  stage: Stage | undefined,
  { choice, images, onKey }: ShownProps,
  full: () => void,
): void {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  event.stopPropagation(); // NiiVue's own keys do other things
  if (event.target instanceof HTMLInputElement) return;
  const step = stepOf(event.key, choice.view);
  if (step) stage?.step(...step);
  else if (event.key === "r") stage?.centre(images.mask, tumourCentre(images.mask));
  else if (event.key === "f") full();
  else if (!onKey(event)) return;
  event.preventDefault();
}

type Box = { readonly current: HTMLDivElement | null };

/** Open the stage on the canvases, anew when their number changes. */
function useStage(
  frame: Box,
  { images, change, lost }: ShownProps,
  moved: (place: Place) => void,
): Stage | undefined {
  const [stage, setStage] = useState<Stage>();
  const latest = useRef(images);
  latest.current = images;
  useEffect(() => {
    let gone = false;
    let opened: Stage | undefined;
    const canvases = [...(frame.current?.querySelectorAll("canvas") ?? [])];
    const windowed = (at: number, low: number, high: number) =>
      change(toChoice(latest.current, PANES[at] ?? "real", low, high));
    Stage.open(canvases, { moved, windowed, lost }).then(
      (made) => {
        opened = made;
        if (gone) made.close();
        else setStage(made);
      },
      () => gone || lost(),
    );
    return () => {
      gone = true;
      opened?.close();
    };
  }, [Boolean(images.twin)]);
  return stage;
}

/** Show the images, then the maps over them; the first of a case with the cursor in its tumour. */
function useScene(stage: Stage | undefined, { images, maps, choice }: ShownProps): void {
  const shown = useRef<{ stage: Stage; images: Images }>(undefined);
  const latest = useRef(choice);
  latest.current = choice;
  useEffect(() => {
    if (!stage) return;
    let gone = false;
    const draw = async () => {
      const known = shown.current;
      if (known?.stage !== stage || known.images !== images) {
        const bases = await readBases(images, latest.current);
        if (gone) return;
        stage.show(bases);
        if (known?.stage !== stage) stage.centre(images.mask, tumourCentre(images.mask));
        shown.current = { stage, images };
      }
      const ready = await Promise.all(maps.map((map) => map && toNiivue(map)));
      if (!gone) stage.overlay(ready, latest.current.opacity);
    };
    void draw();
    return () => {
      gone = true;
    };
  }, [stage, images, ...maps]);
}

function readBases(images: Images, choice: Choice): Promise<Shown[]> {
  const pictures = [images.real, images.twin, images.difference].flatMap((each) => each ?? []);
  return Promise.all(
    pictures.map(async (picture, at) => {
      const name = PANES[at] ?? "real";
      const window = windowOf(images, name, choice);
      return { base: await toNiivue(picture), window, diverging: name === "difference" };
    }),
  );
}

function useWindows(stage: Stage | undefined, images: Images, choice: Choice): void {
  useEffect(() => {
    for (const [at, name] of PANES.entries()) {
      stage?.window(at, ...windowOf(images, name, choice));
    }
  }, [stage, ...choice.window, choice.range]);
}

function windowOf({ scored }: Images, name: PaneName, choice: Choice): [number, number] {
  if (name === "difference") return [-choice.range, choice.range];
  const scale = (name === "twin" && scored.twin) || scored.real;
  return [fromZ(choice.window[0], scale), fromZ(choice.window[1], scale)];
}

/** What a window that was dragged on one canvas means for all: the same in z. */
function toChoice({ scored }: Images, name: PaneName, low: number, high: number): Partial<Choice> {
  if (name === "difference") return { range: Math.max(0.1, (high - low) / 2) };
  const scale = (name === "twin" && scored.twin) || scored.real;
  return { window: [toZ(low, scale), toZ(high, scale)] };
}

async function toggleFull(frame: HTMLElement | null): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await frame?.requestFullscreen?.();
}

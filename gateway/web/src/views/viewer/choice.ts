/** What the reader chose to see. */
import type { Modality } from "./data/sources";
import { MODALITIES } from "./data/sources";
import type { View } from "./stage";

export const VIEWS = ["axial", "coronal", "sagittal", "multi"] as const;
export const OVERLAYS = ["none", "mask", "prediction"] as const;
export type Overlay = (typeof OVERLAYS)[number];

export interface Choice {
  readonly modality: Modality;
  readonly twin: number;
  readonly view: View;
  readonly overlay: Overlay;
  /** The segmenter whose label maps are shown, by name. */
  readonly model: string;
  /** Of the label maps, 0 to 1. */
  readonly opacity: number;
  /** Black and white of both images, in z over the brain. */
  readonly window: readonly [number, number];
  /** The difference's colours end at this many z. */
  readonly range: number;
  /** One image over the other, with a divider. */
  readonly sliding: boolean;
  /** Where the divider is: the share of the width that the real image has. */
  readonly divider: number;
}

export const FIRST: Choice = {
  modality: "t1ce",
  twin: 0,
  view: "axial",
  overlay: "mask",
  model: "",
  opacity: 0.5,
  window: [-3, 3],
  range: 3,
  sliding: false,
  divider: 0.5,
};

export type Change = (changed: Partial<Choice>) => void;

/** Give the entry after `now`, and the first after the last. */
export function next<T>(all: readonly T[], now: T): T {
  return all[(all.indexOf(now) + 1) % all.length] ?? now;
}

export interface Allowed {
  readonly prediction: boolean;
  readonly twin: boolean;
}

/** What a key changes; undefined where it changes nothing of the choice. */
export function changeOf(
  key: string,
  choice: Choice,
  allowed: Allowed,
): Partial<Choice> | undefined {
  switch (key) {
    case "m":
      return { modality: next(MODALITIES, choice.modality) };
    case "p":
      return { view: next(VIEWS, choice.view) };
    case "o":
      return { overlay: next(allowedOverlays(allowed), choice.overlay) };
    case "c":
      return allowed.twin ? { sliding: !choice.sliding } : undefined;
    case "+":
      return { opacity: Math.min(1, choice.opacity + 0.1) };
    case "-":
      return { opacity: Math.max(0, choice.opacity - 0.1) };
    default:
      return undefined;
  }
}

export function allowedOverlays({ prediction }: Allowed): readonly Overlay[] {
  return OVERLAYS.filter((each) => each !== "prediction" || prediction);
}

/** Voxels towards right, anterior and superior that a key moves the cursor; undefined for none. */
export function stepOf(key: string, view: View): readonly [number, number, number] | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowUp: 1,
    ArrowRight: 1,
    ArrowDown: -1,
    ArrowLeft: -1,
    PageUp: 10,
    PageDown: -10,
  };
  const step = steps[key];
  if (step === undefined) return undefined;
  if (view === "sagittal") return [step, 0, 0];
  return view === "coronal" ? [0, step, 0] : [0, 0, step];
}

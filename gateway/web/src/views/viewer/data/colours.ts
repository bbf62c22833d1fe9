/** Colours of what the viewer shows, for WebGL and for pictures. */
import { REGIONS } from "./geometry";

export type Rgb = readonly [number, number, number];

const LESS: Rgb = [86, 180, 255]; // the twin is darker than the real image
const MORE: Rgb = [255, 140, 40]; // the twin is brighter

/** Colour a difference: black is none, blue is darker, orange is brighter. `share` is in [-1, 1]. */
export function differenceColour(share: number): Rgb {
  const end = share < 0 ? LESS : MORE;
  const much = Math.min(1, Math.abs(share));
  return [end[0] * much, end[1] * much, end[2] * much];
}

/** The same as a table of NiiVue. */
export const DIFFERENCE_MAP = {
  R: [LESS[0], 0, MORE[0]],
  G: [LESS[1], 0, MORE[1]],
  B: [LESS[2], 0, MORE[2]],
  A: [255, 255, 255],
  I: [0, 128, 255],
};

/** The regions as a table of NiiVue: background is clear. */
export const REGION_MAP = {
  R: [0, ...REGIONS.map(({ colour }) => colour[0])],
  G: [0, ...REGIONS.map(({ colour }) => colour[1])],
  B: [0, ...REGIONS.map(({ colour }) => colour[2])],
  A: [0, 255, 255, 255],
  I: [0, ...REGIONS.map(({ value }) => value)],
  labels: ["", ...REGIONS.map(({ name }) => name)],
};

export function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

export function regionColour(value: number): Rgb | undefined {
  return REGIONS.find((region) => region.value === value)?.colour;
}

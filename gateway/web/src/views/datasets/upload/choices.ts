/** What the reader says of the cases: what label values mean, and the grid. */
import type { Schemas } from "../../../api/client";
import type { Scheme } from "./intake/outcomes";

export const SCHEMES = ["brats2021", "brats2023", "brats2024", "med_ddpm", "auto", "own"] as const;
export const GRIDS = ["shipped", "native", "own"] as const;
export const REGIONS = ["NCR", "ED", "ET"] as const;
export type SchemeChoice = (typeof SCHEMES)[number];
export type GridChoice = (typeof GRIDS)[number];
export type Grid = NonNullable<Schemas["NewDataset"]["grid"]>;

const SHIPPED: Grid = { shape: [64, 64, 64], spacing_mm: [3, 3, 3] };
const OWN_GRID = /^(\d+)x(\d+)x(\d+)@([\d.]+)(?:x([\d.]+)x([\d.]+))?$/;

/** Give the grid of a choice; nothing if the text of an own one is none. */
export function gridOf(choice: GridChoice, text: string): Grid | undefined {
  if (choice === "native") return "native";
  if (choice === "shipped") return SHIPPED;
  const [, x, y, z, first, second, third] = OWN_GRID.exec(text.replace(/[\s×]/g, toPlain)) ?? [];
  const shape = [Number(x), Number(y), Number(z)] as const;
  const edges = [Number(first), Number(second ?? first), Number(third ?? first)] as const;
  const isShape = shape.every((count) => count >= 8 && count <= 1024);
  const isSpacing = edges.every((edge) => edge > 0.05 && edge <= 20);
  return isShape && isSpacing ? { shape: [...shape], spacing_mm: [...edges] } : undefined;
}

export type OwnValues = Readonly<Record<(typeof REGIONS)[number], string>>;

/** Give the scheme of a choice; nothing if none is chosen, or the own values are no numbers. */
export function schemeOf(choice: SchemeChoice | undefined, own: OwnValues): Scheme | undefined {
  if (choice !== "own") return choice;
  const entries = REGIONS.map((region) => [region, numbersIn(own[region])] as const);
  const all = entries.flatMap(([, values]) => values);
  const fits = all.every((value) => Number.isInteger(value) && value >= 1 && value <= 255);
  if (!all.length || !fits || new Set(all).size < all.length) return undefined;
  return Object.fromEntries(entries.filter(([, values]) => values.length));
}

function numbersIn(text: string): number[] {
  return text.split(/[\s,;]+/).flatMap((each) => (each ? [Number(each)] : []));
}

function toPlain(sign: string): string {
  return sign === "×" ? "x" : "";
}

export const ORIGINS = ["patients", "phantoms"] as const;
export type Origin = (typeof ORIGINS)[number];

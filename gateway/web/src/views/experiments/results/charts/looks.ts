/** How each thing is drawn: told apart by colour, and without colour by marker and line. */
import { texts } from "../../../../texts";
import { COLOURS } from "../../../../ui/plot";
import type { Words } from "../data/origin";
import { nameRegion } from "../data/origin";

export interface Look {
  readonly key: string;
  readonly label: string;
  readonly colour: string;
  readonly symbol: "circle" | "square" | "diamond" | "triangle" | "cross" | "star";
  readonly dash?: string;
  readonly hollow?: boolean;
}

/** Both test sets, as in the paper's figures: synthetic is dashed and open. */
export function lookOfSide(side: "real" | "synthetic", words: Words): Look {
  return side === "real"
    ? { key: side, label: words.realImages, colour: COLOURS.real, symbol: "circle" }
    : {
        key: side,
        label: texts.results.syntheticImages,
        colour: COLOURS.synthetic,
        symbol: "square",
        dash: "5 3",
        hollow: true,
      };
}

const REGIONS: Readonly<Record<string, Pick<Look, "colour" | "symbol" | "dash">>> = {
  ET: { colour: COLOURS.ET, symbol: "circle" },
  ED: { colour: COLOURS.ED, symbol: "square", dash: "5 3" },
  NCR: { colour: COLOURS.NCR, symbol: "diamond", dash: "6 3 1 3" },
};
const OTHER: Pick<Look, "colour" | "symbol"> = { colour: "var(--faint)", symbol: "triangle" };

export function lookOfRegion(region: string): Look {
  return { key: region, label: nameRegion(region), ...(REGIONS[region] ?? OTHER) };
}

const SERIES: readonly Pick<Look, "symbol" | "dash" | "hollow">[] = [
  { symbol: "circle" },
  { symbol: "square", dash: "5 3", hollow: true },
  { symbol: "diamond", dash: "6 3 1 3" },
  { symbol: "triangle", dash: "2 3", hollow: true },
  { symbol: "cross", dash: "9 3" },
  { symbol: "star", dash: "1 4", hollow: true },
];

/** The look of the first to sixth of several equal things. */
export function lookOfSeries(at: number, key: string, label: string): Look {
  const look = SERIES[at % SERIES.length] ?? { symbol: "circle" as const };
  return { key, label, colour: `var(--series-${(at % SERIES.length) + 1})`, ...look };
}

const TEXT_PX = 12;

/** How a hover looks: narrow enough to stand beside its point in a small chart. */
export function tipOptions(pointer: "x" | "y" | "xy", width: number) {
  const lineWidth = Math.min(24, Math.max(9, (width * 0.38) / TEXT_PX)); // in em
  return {
    pointer,
    fill: "var(--paper)",
    stroke: "var(--line-strong)",
    lineWidth,
    lineHeight: 1.3,
  };
}

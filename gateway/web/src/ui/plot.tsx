/** An Observable Plot in the page: drawn anew when its data or its width change. */
import type { PlotOptions } from "@observablehq/plot";
import * as Plot from "@observablehq/plot";
import { useEffect, useRef, useState } from "preact/hooks";

interface ChartProps {
  /** What the chart shows, for readers who do not see it. A table stands beside every chart. */
  readonly label: string;
  readonly height?: number;
  /** Makes the plot's options for a width in px. Keep it with `useCallback`. */
  readonly options: (width: number) => PlotOptions;
  /** Its points are links: one is in the tab order, and the arrow keys go to the others. */
  readonly links?: boolean;
}

export function Chart({ label, height = 260, options, links = false }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!place.current) return;
    const watch = new ResizeObserver(([entry]) =>
      setWidth(Math.floor(entry?.contentRect.width ?? 0)),
    );
    watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (!place.current || width < 40) return;
    const drawn = Plot.plot({ width, height, ariaLabel: label, ...options(width) });
    drawn.setAttribute("role", links ? "group" : "img");
    drawn.setAttribute("aria-label", label); // with a legend it is a figure around the drawing
    // Plot names its groups by the kind of mark, which says nothing to a reader.
    for (const group of drawn.querySelectorAll("g[aria-label]"))
      group.removeAttribute("aria-label");
    if (links) linkPoints(drawn);
    place.current.replaceChildren(drawn);
    return () => drawn.remove();
  }, [label, height, options, width, links]);
  return <div class="chart" ref={place} style={{ minHeight: `${height}px` }} />;
}

/** The colours of the paper's figures, as CSS names that follow light and dark. */
export const COLOURS = {
  real: "var(--real)",
  synthetic: "var(--synthetic)",
  ET: "var(--region-et)",
  ED: "var(--region-ed)",
  NCR: "var(--region-ncr)",
} as const;

/** Name the links of a plot, and let the arrow keys go from one to the next. */
function linkPoints(drawn: Element): void {
  const links = [...drawn.querySelectorAll<SVGAElement>("a")];
  for (const [at, link] of links.entries()) {
    const name = link.querySelector("[aria-label]")?.getAttribute("aria-label");
    if (name) link.setAttribute("aria-label", name);
    link.setAttribute("tabindex", at === 0 ? "0" : "-1");
  }
  drawn.addEventListener("keydown", (event) => {
    const at = links.indexOf(document.activeElement as unknown as SVGAElement);
    const step = STEPS[(event as KeyboardEvent).key];
    const next = links[(at + (step ?? 0) + links.length) % links.length];
    if (at < 0 || step === undefined || !next) return;
    event.preventDefault();
    links[at]?.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowRight: 1,
  ArrowDown: 1,
  ArrowLeft: -1,
  ArrowUp: -1,
};

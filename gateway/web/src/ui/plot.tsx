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
}

export function Chart({ label, height = 260, options }: ChartProps) {
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
    drawn.setAttribute("role", "img");
    // Plot names its groups by the kind of mark, which says nothing to a reader.
    for (const group of drawn.querySelectorAll("g[aria-label]"))
      group.removeAttribute("aria-label");
    place.current.replaceChildren(drawn);
    return () => drawn.remove();
  }, [label, height, options, width]);
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

/** What surrounds a chart: its title, what it says, its legend, and its numbers as a table. */
import type { ComponentChildren } from "preact";
import { texts } from "../../../../texts";
import type { Look } from "./looks";

interface PlateProps {
  readonly title: string;
  readonly says?: ComponentChildren;
  readonly looks?: readonly Look[];
  readonly table?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** A chart, or several small ones, with everything that is needed to read them. */
export function Plate({ title, says, looks = [], table, children }: PlateProps) {
  return (
    <figure class="card plate">
      <figcaption>
        <h3>{title}</h3>
        {says && <p class="hint">{says}</p>}
      </figcaption>
      {looks.length > 0 && <Legend looks={looks} />}
      {children}
      {table && (
        <details>
          <summary>{texts.common.table}</summary>
          {table}
        </details>
      )}
    </figure>
  );
}

function Legend({ looks }: { looks: readonly Look[] }) {
  return (
    <ul class="chart-legend">
      {looks.map((look) => (
        <li key={look.key}>
          <Marker look={look} />
          {look.label}
        </li>
      ))}
    </ul>
  );
}

const OUTLINES: Readonly<Record<Look["symbol"], string>> = {
  circle: "M 14 3 a 4 4 0 1 1 0 8 a 4 4 0 1 1 0 -8",
  square: "M 10.2 3.2 h 7.6 v 7.6 h -7.6 z",
  diamond: "M 14 1.8 L 19 7 L 14 12.2 L 9 7 z",
  triangle: "M 14 2 L 19 11 H 9 z",
  cross: "M 12.6 2.5 h 2.8 v 3.1 h 3.1 v 2.8 h -3.1 v 3.1 h -2.8 v -3.1 h -3.1 v -2.8 h 3.1 z",
  star: "M 14 1.5 L 15.6 5.4 L 19.5 5.6 L 16.5 8.2 L 17.5 12 L 14 9.9 L 10.5 12 L 11.5 8.2 L 8.5 5.6 L 12.4 5.4 z",
};

function Marker({ look }: { look: Look }) {
  return (
    <svg width="28" height="14" aria-hidden="true">
      <path d="M 0 7 H 28" stroke={look.colour} stroke-width="1.5" stroke-dasharray={look.dash} />
      <path
        d={OUTLINES[look.symbol]}
        fill={look.hollow ? "var(--paper)" : look.colour}
        stroke={look.colour}
        stroke-width="1.5"
      />
    </svg>
  );
}

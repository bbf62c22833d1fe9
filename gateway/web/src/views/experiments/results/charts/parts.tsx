/** What surrounds a chart: its title, what it says, its legend, and its numbers as a table. */
import { type ComponentChildren, Fragment } from "preact";
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

export interface Column {
  readonly label: string;
  readonly numeric?: boolean;
}

interface TableProps {
  readonly caption: string;
  readonly columns: readonly Column[];
  /** Cells in the order of the columns; the first names its row. */
  readonly rows: readonly (readonly ComponentChildren[])[];
}

/** A table that scrolls by itself where the page is narrow. */
export function DataTable({ caption, columns, rows }: TableProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: no fieldset, but what scrolls needs a name
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div class="scroll-x" role="group" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.label} scope="col" class={column.numeric ? "number" : undefined}>
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, at) => (
            <Row key={at} cells={cells} columns={columns} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({
  cells,
  columns,
}: Pick<TableProps, "columns"> & { cells: TableProps["rows"][number] }) {
  return (
    <tr>
      {columns.map((column, at) =>
        at === 0 ? (
          <th key={column.label} scope="row" class={column.numeric ? "number" : undefined}>
            {cells[at]}
          </th>
        ) : (
          <td key={column.label} class={column.numeric ? "number" : undefined}>
            {cells[at]}
          </td>
        ),
      )}
    </tr>
  );
}

/** Names and what they are, one below the other. */
export function Facts({ of }: { of: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

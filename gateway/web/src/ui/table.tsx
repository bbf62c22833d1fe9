/** Tables and lists of facts, which every view shows alike. */
import { type ComponentChildren, Fragment } from "preact";

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

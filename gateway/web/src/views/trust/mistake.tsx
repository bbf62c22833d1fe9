/** Where in the scores the mistake stands: the cell of a table, or the field of a JSON text. */
import type { Problem } from "../../api/client";
import { texts } from "../../texts";
import { type Around, type Cell, cellOf, linesAround, valueAt } from "./pointed";

export function Mistake({ problem, text }: { problem: Problem; text: string }) {
  const pointer = problem.errors[0]?.pointer;
  if (!pointer) return null;
  const cell = cellOf(pointer);
  return (
    <section class="card" aria-labelledby="mistake">
      <h2 id="mistake">{title(pointer, cell)}</h2>
      {cell ? (
        <Table around={linesAround(text, cell)} cell={cell} />
      ) : (
        <p>
          {texts.trust.found}{" "}
          <code>{JSON.stringify(valueAt(text, pointer)) ?? texts.common.none}</code>
        </p>
      )}
    </section>
  );
}

function title(pointer: string, cell: Cell | null): string {
  if (!cell) return texts.trust.wrongField(pointer);
  if (cell.column === undefined) return texts.trust.wrongLine(cell.line);
  return texts.trust.wrongCell(cell.line, cell.column);
}

function Table({ around, cell }: { around: Around; cell: Cell }) {
  const wrongAt = around.header.findIndex((name) => name.trim() === cell.column);
  return (
    <div class="scroll-x">
      <table class="mistake">
        <caption>{texts.trust.around}</caption>
        <thead>
          <tr>
            <th class="number">{texts.trust.line}</th>
            {around.header.map((name, at) => (
              <th key={at}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {around.lines.map((line) => (
            <tr key={line.number} class={line.wrong ? "wrong-line" : ""}>
              <td class="number">{line.number}</td>
              {line.cells.map((value, at) => (
                <td
                  key={at}
                  class={line.wrong && (wrongAt < 0 || at === wrongAt) ? "wrong-cell" : ""}
                >
                  {value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

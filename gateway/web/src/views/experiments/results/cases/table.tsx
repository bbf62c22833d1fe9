/** Every test case with its Dice, sortable; only the rows in sight are in the document. */
import { useMemo, useState } from "preact/hooks";
import { texts } from "../../../../texts";
import { fixed } from "../../../../ui/numbers";
import { VirtualList } from "../../../../ui/virtual";
import { type CaseRow, type SortKey, sortRows } from "../data/cases";
import type { Words } from "../data/origin";
import { SIDES } from "../data/types";
import { caseAddress } from "./scatter";

interface CaseTableProps {
  readonly experiment: string;
  readonly rows: readonly CaseRow[];
  readonly regions: readonly string[];
  readonly words: Words;
  /** The cases that the generator was trained on. */
  readonly seen: readonly string[];
}

interface Column {
  readonly key: SortKey;
  readonly label: string;
}

export function CaseTable({ experiment, rows, regions, words, seen }: CaseTableProps) {
  const [sort, setSort] = useState<{ key: SortKey; down: boolean }>({ key: "gap", down: true });
  const sorted = useMemo(() => sortRows(rows, sort.key, sort.down), [rows, sort]);
  const columns = useMemo(() => listColumns(regions, words), [regions, words]);
  const known = useMemo(() => new Set(seen), [seen]);
  const choose = (key: SortKey) =>
    setSort((now) => ({ key, down: now.key === key ? !now.down : key !== "id" }));
  const template = `minmax(10rem, 2fr) repeat(${columns.length - 1}, minmax(5.5rem, 1fr))`;
  const arrow = sort.down ? "▾" : "▴";
  return (
    // biome-ignore lint/a11y/useSemanticElements: no fieldset, but what scrolls needs a name
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div class="scroll-x" role="group" aria-label={texts.results.casesList} tabIndex={0}>
      <div class="case-table" style={{ minWidth: `${12 + 6 * columns.length}rem` }}>
        <div class="scored-row scored-head" style={{ gridTemplateColumns: template }}>
          {columns.map(({ key, label }) => (
            <button
              type="button"
              key={key}
              aria-pressed={sort.key === key}
              aria-label={sayColumn(label, sort.key === key ? sort.down : null)}
              onClick={() => choose(key)}
            >
              {label} <span aria-hidden="true">{sort.key === key ? arrow : ""}</span>
            </button>
          ))}
        </div>
        <VirtualList
          rows={sorted}
          rowPx={38}
          label={texts.results.casesList}
          keyOf={(row) => row.id}
        >
          {(row) => (
            <div class="scored-row" style={{ gridTemplateColumns: template }}>
              <span>
                <a href={caseAddress(experiment, row.id)}>{row.id}</a>
                {known.has(row.id) && <small class="hint"> {texts.results.seen}</small>}
              </span>
              <Cells row={row} regions={regions} words={words} />
            </div>
          )}
        </VirtualList>
      </div>
    </div>
  );
}

function sayColumn(label: string, down: boolean | null): string {
  const { sortBy, sorted } = texts.results;
  return sortBy(label, down === null ? "" : down ? sorted.down : sorted.up);
}

function listColumns(regions: readonly string[], words: Words): readonly Column[] {
  const { results } = texts;
  return [
    { key: "id", label: results.caseId },
    ...regions.flatMap((region) =>
      SIDES.map(
        (side): Column => ({
          key: `${region}/${side}`,
          label: results.diceOn(region, side === "real" ? words.real : results.synthetic),
        }),
      ),
    ),
    { key: "gap", label: results.gap },
  ];
}

interface CellsProps {
  readonly row: CaseRow;
  readonly regions: readonly string[];
  readonly words: Words;
}

function Cells({ row, regions, words }: CellsProps) {
  const { results } = texts;
  return (
    <>
      {regions.flatMap((region) =>
        SIDES.map((side) => {
          const value = row.regions[region]?.[side] ?? null;
          const name = results.diceOn(region, side === "real" ? words.real : results.synthetic);
          return (
            <span
              key={`${region} ${side}`}
              class="number"
              title={value === null ? `${name}: ${results.bothEmpty}` : name}
            >
              <span class="visually-hidden">{name}: </span>
              {fixed(value)}
              {value === null && <span class="visually-hidden"> {results.bothEmpty}</span>}
            </span>
          );
        }),
      )}
      <span class="number">
        <span class="visually-hidden">{results.gap}: </span>
        {fixed(row.gap)}
      </span>
    </>
  );
}

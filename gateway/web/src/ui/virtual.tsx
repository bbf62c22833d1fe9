/** A list of any length: only the rows in sight are in the document. */
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from "@tanstack/virtual-core";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef } from "preact/hooks";

interface VirtualProps<Row> {
  readonly rows: readonly Row[];
  /** The height of a row, or of most rows where each `isMeasured`. */
  readonly rowPx: number;
  /** Whether rows are as high as what they hold, and not all alike. */
  readonly isMeasured?: boolean;
  readonly label: string;
  readonly keyOf: (row: Row) => string;
  readonly children: (row: Row) => ComponentChildren;
  /** Called when the last rows come into sight, so that more can be loaded. */
  readonly onEnd?: () => void;
  /** Told which rows are drawn, so that they can be looked at again. */
  readonly onSeen?: (first: number, last: number) => void;
}

export function VirtualList<Row>({
  rows,
  rowPx,
  isMeasured = false,
  label,
  keyOf,
  children,
  onEnd,
  onSeen,
}: VirtualProps<Row>) {
  const place = useRef<HTMLDivElement>(null);
  const [, redraw] = useReducer((turn: number) => turn + 1, 0);
  const options = {
    count: rows.length,
    getScrollElement: () => place.current,
    estimateSize: () => rowPx,
    getItemKey: (at: number) => keyAt(rows, at, keyOf),
    overscan: 8,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw(0),
  };
  const kept = useRef<Virtualizer<HTMLDivElement, HTMLDivElement>>(null);
  kept.current ??= new Virtualizer<HTMLDivElement, HTMLDivElement>(options);
  const list = kept.current;
  list.setOptions(options);
  useLayoutEffect(() => list._didMount(), [list]);
  useLayoutEffect(() => list._willUpdate());
  const seen = list.getVirtualItems();
  const last = seen.at(-1)?.index ?? -1;
  useEffect(() => {
    if (onEnd && last >= rows.length - 10) onEnd();
  }, [last, rows.length, onEnd]);
  const first = seen[0]?.index ?? 0;
  useEffect(() => onSeen?.(first, last), [first, last, onSeen]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: its rows do not follow each other in the document
    <div
      class="virtual"
      style={{ height: `min(70vh, 48rem, ${list.getTotalSize() + 2}px)` }} // its two borders
      ref={place}
      role="list"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
    >
      <div style={{ height: `${list.getTotalSize()}px`, position: "relative" }} role="presentation">
        {seen.map((item) => {
          const row = rows[item.index];
          return (
            row !== undefined && (
              // biome-ignore lint/a11y/useSemanticElements: a list item whose place is computed
              <div
                key={keyOf(row)}
                ref={isMeasured ? list.measureElement : undefined}
                data-index={item.index}
                role="listitem"
                aria-setsize={rows.length}
                aria-posinset={item.index + 1}
                class="virtual-row"
                style={{
                  ...(isMeasured ? {} : { height: `${item.size}px` }),
                  transform: `translateY(${item.start}px)`,
                }}
              >
                {children(row)}
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}

function keyAt<Row>(rows: readonly Row[], at: number, keyOf: (row: Row) => string): string {
  const row = rows[at];
  return row === undefined ? String(at) : keyOf(row);
}

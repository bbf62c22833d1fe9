/** All experiments, newest first: find one, see how far each is, choose some to compare. */
import { useCallback, useEffect, useMemo, useRef } from "preact/hooks";
import { api, ok } from "../../../api/client";
import { go, href } from "../../../router";
import { texts } from "../../../texts";
import { count } from "../../../ui/numbers";
import { usePages } from "../../../ui/pages";
import { Empty, Head, Loading, ProblemBox } from "../../../ui/parts";
import { VirtualList } from "../../../ui/virtual";
import { useDatasets } from "../datasets";
import { nameOf, type Summary } from "../names";
import { Chosen, useChoice } from "./choice";
import { type FilterSet, Filters, hasFilters, readFilters, toQuery } from "./filters";
import { Row } from "./row";

const PAGE = 200;
const REFRESH_MS = 10_000;
const ROW_PX = 64;

export function ExperimentList({ query }: { query: URLSearchParams }) {
  const filters = readFilters(query);
  const { state, tag, dataset } = filters;
  const pages = usePages(
    (cursor, signal) => readPage({ state, tag, dataset }, cursor, signal),
    [state, tag, dataset],
    idOf,
  );
  const datasets = useDatasets();
  const names = useMemo(
    () => new Map(datasets.data?.map((each) => [each.id, each.name])),
    [datasets.data],
  );
  const rows = useMemo(() => search(pages.rows, filters.name), [pages.rows, filters.name]);
  const choice = useChoice();
  const seen = useVisibleRefresh(pages.refresh, pages.rows, rows);
  return (
    <>
      <Head title={texts.experiments.title}>
        <a class="button main-button" href={href(["experiments", "new"])}>
          {texts.experiments.create}
        </a>
      </Head>
      <Filters of={filters} datasets={datasets.data ?? []} rows={pages.rows} />
      {pages.problem && <ProblemBox problem={pages.problem} retry={pages.reload} />}
      {(rows.length > 1 || choice.ids.length > 0) && <Chosen choice={choice} />}
      <Found pages={pages} rows={rows} filters={filters} ready={names.size > 0} />
      {rows.length > 0 && (
        <VirtualList
          rows={rows}
          rowPx={ROW_PX}
          label={texts.experiments.list}
          keyOf={idOf}
          onEnd={pages.complete ? undefined : pages.more}
          onSeen={seen}
        >
          {(row) => <Row of={row} dataset={names.get(row.dataset)} choice={choice} />}
        </VirtualList>
      )}
    </>
  );
}

interface FoundProps {
  readonly pages: {
    rows: readonly Summary[];
    complete: boolean;
    loading: boolean;
    more: () => void;
  };
  readonly rows: readonly Summary[];
  readonly filters: FilterSet;
  readonly ready: boolean;
}

/** How many were found, and what to do where none was. */
function Found({ pages, rows, filters, ready }: FoundProps) {
  const { complete, loading, more } = pages;
  // The API finds whole names alone, so a part of a name is looked for in all pages.
  const searching = filters.name !== "" && !complete;
  useEffect(() => {
    if (searching && !loading) more();
  }, [searching, loading, more]);
  if (rows.length === 0 && (loading || searching)) return <Loading />;
  if (rows.length === 0 && hasFilters(filters)) return <NothingFits />;
  if (rows.length === 0) return complete ? <First ready={ready} /> : null;
  const said = searching
    ? texts.experiments.searching(count(pages.rows.length))
    : texts.experiments.shown(complete ? count(rows.length) : `${count(rows.length)}+`);
  return (
    <p class="hint" role="status">
      {said}
    </p>
  );
}

function NothingFits() {
  return (
    <Empty title={texts.experiments.nothing}>
      <p>{texts.experiments.nothingHint}</p>
      <button type="button" onClick={() => go(href(["experiments"]), true)}>
        {texts.experiments.clearFilters}
      </button>
    </Empty>
  );
}

function First({ ready }: { ready: boolean }) {
  return (
    <Empty title={texts.experiments.emptyTitle}>
      <p>{ready ? texts.experiments.emptyReady : texts.experiments.emptyHint}</p>
      {ready ? (
        <a class="button main-button" href={href(["experiments", "new"])}>
          {texts.experiments.create}
        </a>
      ) : (
        <a class="button main-button" href={href(["datasets"])}>
          {texts.experiments.register}
        </a>
      )}
    </Empty>
  );
}

/** Look again at the pages of the rows in sight, while the page itself is seen. */
function useVisibleRefresh(
  refresh: (first: number, last: number) => void,
  all: readonly Summary[],
  shown: readonly Summary[],
): (first: number, last: number) => void {
  const range = useRef({ first: 0, last: 0 });
  const latest = useRef({ refresh, all, shown });
  latest.current = { refresh, all, shown };
  useEffect(() => {
    const look = () => {
      if (document.hidden) return;
      const { refresh, all, shown } = latest.current;
      const [first, last] = [range.current.first, range.current.last].map((at) => {
        const row = shown[at];
        return row ? all.indexOf(row) : 0; // a search shows other places than the pages have
      });
      refresh(first ?? 0, last ?? 0);
    };
    const timer = setInterval(look, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return useCallback((first, last) => {
    range.current = { first, last };
  }, []);
}

function readPage(
  { state, tag, dataset }: Omit<FilterSet, "name">,
  cursor: string | undefined,
  signal: AbortSignal,
) {
  const query = { ...toQuery({ state, tag, dataset }), limit: PAGE, ...(cursor && { cursor }) };
  return ok(api.GET("/experiments", { params: { query }, signal }));
}

function search(rows: readonly Summary[], text: string): readonly Summary[] {
  const wanted = text.toLowerCase();
  return wanted ? rows.filter((row) => nameOf(row).toLowerCase().includes(wanted)) : rows;
}

function idOf(row: Summary): string {
  return row.id;
}

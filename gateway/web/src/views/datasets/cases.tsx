/** The cases of a dataset: their states, what was noticed or refused, and their volumes. */
import { useMemo, useState } from "preact/hooks";
import { texts } from "../../texts";
import { count } from "../../ui/numbers";
import { VirtualList } from "../../ui/virtual";
import { CaseRow } from "./case_row";
import type { Dataset } from "./read";
import { RemoveDialog } from "./removal";
import {
  type Case,
  chooseCases,
  type Filter,
  filterCounts,
  type Order,
  REGIONS,
  type SortKey,
} from "./sorting";

interface CasesProps {
  readonly dataset: Dataset;
  readonly reload: () => void;
}

const KEYS: readonly SortKey[] = ["state", "id", "patient", ...REGIONS];

export function Cases({ dataset, reload }: CasesProps) {
  const [filter, setFilter] = useState<Filter>("all");
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState<Order>({ key: "state", isDescending: false });
  const [leaving, setLeaving] = useState<Case>();
  const [said, setSaid] = useState("");
  const { cases } = dataset;
  const shown = useMemo(
    () => chooseCases(cases, filter, search, order),
    [cases, filter, search, order],
  );
  const done = (outcome: string) => {
    setSaid(outcome);
    setLeaving(undefined);
    reload();
  };
  return (
    <section class="case-list" aria-labelledby="cases-title">
      <h2 id="cases-title">{texts.datasets.cases}</h2>
      <p role="status" class={said ? "notice" : "visually-hidden"}>
        {said}
      </p>
      <Choice cases={cases} filter={filter} onFilter={setFilter} onSearch={setSearch} />
      <Sorter order={order} onOrder={setOrder} />
      {shown.length === 0 && <p>{texts.datasets.nothingFound}</p>}
      {shown.length > 0 && (
        <VirtualList
          key={`${filter} ${order.key} ${order.isDescending}`} // another order begins at its top
          rows={shown}
          rowPx={44}
          isMeasured
          label={texts.datasets.cases}
          keyOf={({ id }) => id}
        >
          {(each) => <CaseRow dataset={dataset} each={each} onLeave={setLeaving} />}
        </VirtualList>
      )}
      {leaving && (
        <RemoveDialog
          dataset={dataset}
          each={leaving}
          onDone={done}
          onClose={() => setLeaving(undefined)}
        />
      )}
    </section>
  );
}

interface ChoiceProps {
  readonly cases: readonly Case[];
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
  readonly onSearch: (search: string) => void;
}

function Choice({ cases, filter, onFilter, onSearch }: ChoiceProps) {
  return (
    <search class="row dataset-filters">
      <label>
        {texts.datasets.filterLabel}{" "}
        <select value={filter} onChange={(event) => onFilter(event.currentTarget.value as Filter)}>
          {filterCounts(cases).map(([name, some]) => (
            <option key={name} value={name}>
              {`${texts.datasets.filters[name]} (${count(some)})`}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="visually-hidden">{texts.datasets.findCase}</span>
        <input
          type="search"
          placeholder={texts.datasets.findCase}
          onInput={(event) => onSearch(event.currentTarget.value)}
        />
      </label>
    </search>
  );
}

interface SorterProps {
  readonly order: Order;
  readonly onOrder: (order: Order) => void;
}

/** The names of the columns, each a button that sorts by it; a second press turns the order. */
function Sorter({ order, onOrder }: SorterProps) {
  const { datasets, common } = texts;
  const names: Readonly<Record<SortKey, string>> = {
    state: common.state,
    id: datasets.case,
    patient: datasets.patient,
    ET: `ET ${datasets.millilitres}`,
    ED: `ED ${datasets.millilitres}`,
    NCR: `NCR ${datasets.millilitres}`,
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: buttons in a row, and no form to fill in
    <div class="case-grid case-head" role="group" aria-label={datasets.sortLabel}>
      {KEYS.map((key) => {
        const isChosen = order.key === key;
        const sign = isChosen ? (order.isDescending ? " ▾" : " ▴") : "";
        return (
          <button
            key={key}
            type="button"
            class={`case-${key}`}
            aria-pressed={isChosen}
            aria-label={datasets.sortBy(names[key])}
            onClick={() => onOrder({ key, isDescending: isChosen && !order.isDescending })}
          >
            {names[key]}
            <span aria-hidden="true">{sign}</span>
          </button>
        );
      })}
    </div>
  );
}

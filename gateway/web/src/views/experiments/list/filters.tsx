/** What the list is narrowed to. It stands in the address, so that a narrowed list can be kept. */
import type { Schemas } from "../../../api/client";
import { go, href } from "../../../router";
import { texts } from "../../../texts";
import type { DatasetName } from "../datasets";
import type { Summary } from "../names";

const STATES = ["queued", "running", "paused", "succeeded", "failed", "cancelled"] as const;

export interface FilterSet {
  readonly name: string;
  readonly state: Schemas["RunState"] | "";
  readonly tag: string;
  readonly dataset: string;
}

export function readFilters(query: URLSearchParams): FilterSet {
  const state = STATES.find((each) => each === query.get("state")) ?? "";
  const read = (key: string) => query.get(key) ?? "";
  return { name: read("name"), state, tag: read("tag"), dataset: read("dataset") };
}

export function hasFilters(filters: FilterSet): boolean {
  return Object.values(filters).some((value) => value !== "");
}

/** Keep those filters that are set. */
export function toQuery<T extends object>(filters: T): { [K in keyof T]?: Exclude<T[K], ""> } {
  const set = Object.entries(filters).filter(([, value]) => value !== "");
  return Object.fromEntries(set) as { [K in keyof T]?: Exclude<T[K], ""> };
}

interface FiltersProps {
  readonly of: FilterSet;
  readonly datasets: readonly DatasetName[];
  readonly rows: readonly Summary[];
}

export function Filters({ of, datasets, rows }: FiltersProps) {
  const set = (key: keyof FilterSet) => (event: { currentTarget: { value: string } }) => {
    const next = { ...of, [key]: event.currentTarget.value.trim() };
    go(href(["experiments"], toQuery(next) as Record<string, string>), true);
  };
  const tags = [...new Set(rows.flatMap((row) => row.tags))].sort();
  return (
    <search class="experiment-filters" aria-label={texts.experiments.filters}>
      <label>
        {texts.common.search}
        <input type="search" value={of.name} onInput={set("name")} />
      </label>
      <label>
        {texts.common.state}
        <select value={of.state} onChange={set("state")}>
          <option value="">{texts.experiments.anyState}</option>
          {STATES.map((state) => (
            <option key={state} value={state}>
              {texts.states[state]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {texts.experiments.dataset}
        <select value={of.dataset} onChange={set("dataset")}>
          <option value="">{texts.experiments.anyDataset}</option>
          {datasets.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {texts.experiments.tag}
        <input list="experiment-tags" value={of.tag} onChange={set("tag")} />
        <datalist id="experiment-tags">
          {tags.map((tag) => (
            <option key={tag} value={tag} />
          ))}
        </datalist>
      </label>
    </search>
  );
}

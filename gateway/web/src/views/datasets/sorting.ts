/** Which cases are shown, and in which order. */
import type { Dataset } from "./read";

export type Case = Dataset["cases"][number];
export const REGIONS = ["ET", "ED", "NCR"] as const;
export type Region = (typeof REGIONS)[number];
export const FILTERS = [
  "all",
  "refused",
  "warned",
  "awaiting_upload",
  "ready",
  "withdrawn",
] as const;
export type Filter = (typeof FILTERS)[number];
export type SortKey = "state" | "id" | "patient" | Region;

export interface Order {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

const STATES: readonly Case["state"][] = [
  "refused",
  "awaiting_upload",
  "inspecting",
  "withdrawn",
  "ready",
];

/** Choose and order cases; those that have no value stand last, whatever the direction. */
export function chooseCases(
  cases: readonly Case[],
  filter: Filter,
  search: string,
  order: Order,
): readonly Case[] {
  const text = search.trim().toLowerCase();
  const chosen = cases.filter((each) => passes(each, filter) && (!text || holds(each, text)));
  return chosen.sort((a, b) => compare(a, b, order));
}

/** The filters that any case passes, with how many do. */
export function filterCounts(cases: readonly Case[]): readonly (readonly [Filter, number])[] {
  return FILTERS.flatMap((filter) => {
    const count = cases.filter((each) => passes(each, filter)).length;
    return count || filter === "all" ? [[filter, count] as const] : [];
  });
}

function passes(each: Case, filter: Filter): boolean {
  if (filter === "all") return true;
  return filter === "warned" ? each.warnings.length > 0 : each.state === filter;
}

function holds({ id, patient }: Case, text: string): boolean {
  return id.toLowerCase().includes(text) || patient.toLowerCase().includes(text);
}

function compare(a: Case, b: Case, { key, isDescending }: Order): number {
  const [first, second] = [valueIn(a, key), valueIn(b, key)];
  if (first === undefined || second === undefined) {
    return Number(first === undefined) - Number(second === undefined) || byText(a.id, b.id);
  }
  const up = typeof first === "number" ? first - Number(second) : byText(first, String(second));
  return (isDescending ? -up : up) || byText(a.id, b.id);
}

function valueIn(each: Case, key: SortKey): number | string | undefined {
  if (key === "state") return STATES.indexOf(each.state);
  if (key === "id" || key === "patient") return each[key];
  return each.region_volumes_ml?.[key];
}

/** Numbers in names count as numbers: case 9 stands before case 10. */
const { compare: byText } = new Intl.Collator("en", { numeric: true });

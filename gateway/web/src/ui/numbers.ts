/** Numbers, sizes and times as a reader expects them, in the language of the page. */
import { language, texts } from "../texts";

const DASH = "–";

/** Write a value with so many significant digits; nothing is a dash. */
export function number(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return DASH;
  return value.toLocaleString(language, { maximumSignificantDigits: digits, useGrouping: true });
}

/** Write a value with so many decimals, so that a column of them stays in line. */
export function fixed(value: number | null | undefined, decimals = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return DASH;
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return value.toLocaleString(language, digits);
}

export function count(value: number): string {
  return value.toLocaleString(language);
}

/** Write α as it was asked for: .5, 0, 1. */
export function alpha(value: number): string {
  return value.toLocaleString(language, { maximumFractionDigits: 4 });
}

export function percent(share: number, digits = 0): string {
  return share.toLocaleString(language, { style: "percent", maximumFractionDigits: digits });
}

interface Bound {
  readonly low?: number | null;
  readonly high?: number | null;
}

/** Write an interval; an end that so few cases do not bound is said in words. */
export function interval(
  ci: readonly (number | null)[] | null | undefined,
  bound?: Bound | null,
  digits = 3,
): string {
  const [low, high] = ci ?? [];
  if (typeof low === "number" && typeof high === "number") {
    return texts.common.range(number(low, digits), number(high, digits));
  }
  if (typeof bound?.low === "number") return texts.common.atLeast(number(bound.low, digits));
  if (typeof bound?.high === "number") return texts.common.atMost(number(bound.high, digits));
  return DASH;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), UNITS.length - 1);
  return `${number(value / 1000 ** power)} ${UNITS[power]}`;
}

/** Write seconds as `4 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return DASH;
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${hours / 24} d`;
}

/** Write a point in time in the reader's zone. */
export function time(iso: string | null | undefined): string {
  if (!iso) return DASH;
  const options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short" };
  return new Date(iso).toLocaleString(language, options);
}

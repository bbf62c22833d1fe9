/**
 * Which view is shown. The view stands behind the `#` of the address, because the paths before it
 * are the API's own: `/datasets` answers JSON.
 */
import { useEffect, useState } from "preact/hooks";

export interface Route {
  /** The parts of the path: `#/experiments/42/cases` is `["experiments", "42", "cases"]`. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(decode);
  return { parts, query: new URLSearchParams(query) };
}

/** Write the address of a view; each part is escaped. */
export function href(parts: readonly string[], query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString();
  const path = parts.map(encodeURIComponent).join("/");
  return `#/${path}${search ? `?${search}` : ""}`;
}

/** Show another view; `replace` leaves no step to go back to. */
export function go(address: string, replace = false): void {
  if (replace) location.replace(address);
  else location.hash = address;
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const read = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", read);
    read(); // what changed since the first drawing
    return () => removeEventListener("hashchange", read);
  }, []);
  return route;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a lone % typed by hand
  }
}

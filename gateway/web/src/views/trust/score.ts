/** Ask for trust factors, as the page of the answer and as JSON. */

import { asProblem } from "../../api/problem";
import { csrfToken, sessionEnded } from "../../api/session";

export interface Scored {
  /** The answer as a page of its own, without scripts. */
  readonly page: string;
  /** The same answer as JSON. */
  readonly json: string;
}

/** JSON begins with a brace or a bracket; no header of a table does. */
export function contentType(text: string): string {
  return /^\s*[[{]/.test(text) ? "application/json" : "text/csv";
}

/** Score a text. The same text gives the same answer, so asking twice costs time alone. */
export async function score(text: string): Promise<Scored> {
  const [page, json] = [await ask(text, "text/html"), await ask(text, "application/json")];
  return { page, json };
}

async function ask(text: string, accept: string): Promise<string> {
  const response = await fetch("./trust-score", {
    method: "POST",
    credentials: "same-origin",
    headers: {
      "Content-Type": contentType(text),
      Accept: `${accept}, application/problem+json;q=0.5`,
      "X-CSRF-Token": csrfToken() ?? "",
    },
    body: text,
  });
  if (response.ok) return await response.text();
  if (response.status === 401) sessionEnded();
  throw asProblem(await response.json().catch(() => null), response.status);
}

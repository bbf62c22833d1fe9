/** What the API refuses, as a sentence for the reader. */
import { texts } from "../texts";
import type { components } from "./schema";

/** A mistake in a field of the request: `pointer` is a JSON pointer into its body. */
export type FieldProblem = { readonly pointer: string; readonly detail: string };

/** What the API refused, as it says it (RFC 9457), or a server that did not answer. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
    readonly errors: readonly FieldProblem[] = [],
    readonly facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
  }
}

/** Read what a failed request answered. */
export function asProblem(body: unknown, status: number): Problem {
  if (typeof body === "object" && body !== null && "detail" in body) {
    const { title, detail, errors, ...facts } = body as components["schemas"]["Problem"] &
      Record<string, unknown>;
    return new Problem(status, title ?? "", detail, errors ?? [], facts);
  }
  return new Problem(status, texts.problems.oddTitle, texts.problems.odd(status));
}

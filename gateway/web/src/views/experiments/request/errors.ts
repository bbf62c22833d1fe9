/** Which field a mistake belongs to: the API names it by a JSON pointer into the request. */
import type { FieldProblem } from "../../../api/client";
import { texts } from "../../../texts";

/** The pointer of every field of the form. `/split` is the split as a whole. */
const FIELDS = [
  "/dataset",
  "/alphas",
  "/seeds",
  "/mixing",
  "/generator/model",
  "/generator/sampler",
  "/generator/steps",
  "/generator/twins",
  "/generator/seed",
  "/segmenter/preset",
  "/segmenter/iterations",
  "/segmenter/start",
  "/split/test_fraction",
  "/split/validation_fraction",
  "/split/seed",
  "/split/train",
  "/split/validation",
  "/split/test",
  "/split",
  "/controls",
  "/name",
  "/tags",
  "/priority",
] as const;

export type FieldPointer = (typeof FIELDS)[number];

/** Give the field of a pointer: `/alphas/2` is in `/alphas`. The first that fits is the closest. */
export function fieldOf(pointer: string): FieldPointer | undefined {
  return FIELDS.find((field) => pointer === field || pointer.startsWith(`${field}/`));
}

/** A field that is a list has many entries, so the wrong one is named. */
function sayEntry(value: unknown, detail: string): string {
  const named = typeof value === "number" || typeof value === "string";
  return named ? texts.newExperiment.entry(String(value), detail) : detail;
}

function valueAt(body: unknown, pointer: string): unknown {
  const parts = pointer.split("/").slice(1);
  return parts.reduce((at, part) => (at as Record<string, unknown> | undefined)?.[part], body);
}

/** What each field did wrong, as one text, and what belongs to none. */
export class FieldErrors {
  private readonly byField = new Map<FieldPointer, string[]>();
  readonly others: readonly FieldProblem[];

  /** `request` is what the pointers lead into. */
  constructor(errors: readonly FieldProblem[], request: unknown = {}) {
    this.others = errors.filter(({ pointer }) => fieldOf(pointer) === undefined);
    for (const { pointer, detail } of errors) {
      const field = fieldOf(pointer);
      if (!field) continue;
      const said = pointer === field ? detail : sayEntry(valueAt(request, pointer), detail);
      this.byField.set(field, [...(this.byField.get(field) ?? []), said]);
    }
  }

  at(field: FieldPointer): string | undefined {
    return this.byField.get(field)?.join(" ");
  }

  get any(): boolean {
    return this.byField.size > 0 || this.others.length > 0;
  }
}

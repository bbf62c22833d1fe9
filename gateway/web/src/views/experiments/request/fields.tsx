/** What the parts of the form share: a text, a choice, and a part with its heading. */
import type { ComponentChildren } from "preact";
import { Field } from "../../../ui/parts";
import type { Draft, SetDraft } from "./draft";
import type { FieldErrors, FieldPointer } from "./errors";

export interface PartProps {
  readonly draft: Draft;
  readonly set: SetDraft;
  readonly errors: FieldErrors;
}

/** The fields that hold free text. */
type TextKey = {
  [Key in keyof Draft]: string extends Draft[Key] ? Key : never;
}[keyof Draft];

interface TextProps extends PartProps {
  readonly of: TextKey;
  readonly pointer: FieldPointer;
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly numeric?: boolean;
  readonly lines?: number;
}

export function TextField(props: TextProps) {
  const { draft, set, errors, of, pointer, label, hint, numeric, lines } = props;
  const write = (event: { currentTarget: { value: string } }) => set(of, event.currentTarget.value);
  const mode = numeric ? ("decimal" as const) : undefined;
  return (
    <Field label={label} hint={hint} problem={errors.at(pointer)}>
      {(ids) =>
        lines ? (
          <textarea {...ids} rows={lines} spellcheck={false} value={draft[of]} onInput={write} />
        ) : (
          <input {...ids} value={draft[of]} inputMode={mode} autocomplete="off" onInput={write} />
        )
      }
    </Field>
  );
}

export function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** The small parts that all views share. */
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import type { Problem } from "../api/client";
import { texts } from "../texts";
import { time } from "./numbers";

/** A state in words, with a colour that repeats what the word says. */
export function State({ of }: { of: string }) {
  return <span class={`state state-${of}`}>{texts.states[of] ?? of}</span>;
}

/** Marks whatever shows a synthetic image. */
export function Synthetic() {
  return <span class="synthetic-mark">{texts.product.synthetic}</span>;
}

export function Time({ at }: { at: string | null | undefined }) {
  return at ? <time dateTime={at}>{time(at)}</time> : <span>–</span>;
}

/** What went wrong, in the API's own words, with each field's sentence. */
export function ProblemBox({ problem, retry }: { problem: Problem; retry?: () => void }) {
  // A lone mistake is the message already; its pointer is told beside it.
  const errors = problem.errors.filter((error) => error.detail !== problem.message);
  return (
    <div class="problem" role="alert">
      <strong>{problem.title || texts.problems.heading}</strong>
      <p>{problem.message}</p>
      {errors.length > 0 && (
        <ul>
          {errors.map((error) => (
            <li key={error.pointer}>
              {error.pointer && <code>{error.pointer}</code>} {error.detail}
            </li>
          ))}
        </ul>
      )}
      {retry && (
        <button type="button" onClick={retry}>
          {texts.problems.retry}
        </button>
      )}
    </div>
  );
}

/** What stands where nothing is yet: the next step. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading() {
  return (
    <p class="loading" role="status">
      {texts.common.loading}
    </p>
  );
}

interface BarProps {
  readonly done: number;
  readonly total: number;
  readonly label: string;
}

export function Bar({ done, total, label }: BarProps) {
  return <progress class="bar" max={Math.max(total, 1)} value={done} aria-label={label} />;
}

interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly problem?: string | undefined;
  readonly children: (props: FieldIds) => JSX.Element;
}

interface FieldIds {
  readonly id: string;
  readonly "aria-describedby"?: string;
  readonly "aria-invalid"?: boolean;
}

/** A labelled input with its hint and its mistake, tied to it for screen readers. */
export function Field({ label, hint, problem, children }: FieldProps) {
  const id = useId();
  const said = [hint ? `${id}-hint` : "", problem ? `${id}-problem` : ""].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        ...(said ? { "aria-describedby": said } : {}),
        ...(problem ? { "aria-invalid": true } : {}),
      })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {problem && (
        <p class="field-problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

/** A view's head: its title, what it belongs to, and what can be done. */
export function Head({
  title,
  trail,
  children,
}: {
  title: string;
  trail?: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <header class="head">
      <div>
        {trail && <p class="trail">{trail}</p>}
        <h1 tabIndex={-1}>{title}</h1>
      </div>
      {children && <div class="actions">{children}</div>}
    </header>
  );
}

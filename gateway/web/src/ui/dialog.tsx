/** A question before something is done that cannot be taken back, or a small form. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import type { Problem } from "../api/client";
import { ProblemBox } from "./parts";
import "./dialog.css";

interface DialogProps {
  readonly title: string;
  /** What the button that does it says. */
  readonly act: string;
  readonly keep: string;
  readonly danger?: boolean;
  readonly busy: boolean;
  readonly problem?: Problem | undefined;
  readonly onAct: () => void;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** Modal: the browser keeps the focus inside, and gives it back when the dialog is closed. */
export function Dialog(props: DialogProps) {
  const { title, act, keep, danger, busy, problem, onAct, onClose, children } = props;
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = box.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    onAct();
  };
  return (
    <dialog ref={box} aria-labelledby={id} onCancel={onClose}>
      <form onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        {children}
        {problem && <ProblemBox problem={problem} />}
        <div class="dialog-actions">
          <button type="button" onClick={onClose}>
            {keep}
          </button>
          <button type="submit" class={danger ? "danger-button" : "main-button"} disabled={busy}>
            {act}
          </button>
        </div>
      </form>
    </dialog>
  );
}

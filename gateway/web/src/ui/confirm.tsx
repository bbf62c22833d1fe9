/** A question before something that cannot be taken back: a modal dialog with its own problem. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { texts } from "../texts";
import { useAction } from "./action";
import { ProblemBox } from "./parts";

interface ConfirmProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** What the button does, as a verb. */
  readonly verb: string;
  readonly danger?: boolean;
  readonly act: () => Promise<unknown>;
  /** Called when the dialog is done with, whether it acted or not. */
  readonly onClose: (acted: boolean) => void;
}

export function Confirm({ title, children, verb, danger = true, act, onClose }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { run, busy, problem } = useAction(act);
  useEffect(() => dialog.current?.showModal(), []);
  const confirm = async () => {
    if (await run()) onClose(true);
  };
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onClose={() => onClose(false)}>
      <h2 id="confirm-title">{title}</h2>
      {children}
      {problem && <ProblemBox problem={problem} />}
      <div class="row">
        <button
          type="button"
          class={danger ? "danger-button" : "main-button"}
          disabled={busy}
          onClick={() => void confirm()}
        >
          {verb}
        </button>
        <button type="button" onClick={() => onClose(false)}>
          {texts.common.cancel}
        </button>
      </div>
    </dialog>
  );
}

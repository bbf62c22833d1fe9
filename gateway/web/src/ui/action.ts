/** A thing that the reader does: it runs once at a time, and its problem is shown where it was asked. */
import { useCallback, useState } from "preact/hooks";
import type { Problem } from "../api/client";
import { toProblem } from "./loaded";

export interface Action<Arguments extends unknown[]> {
  readonly run: (...given: Arguments) => Promise<boolean>;
  readonly busy: boolean;
  readonly problem: Problem | undefined;
  readonly forget: () => void;
}

export function useAction<Arguments extends unknown[]>(
  act: (...given: Arguments) => Promise<unknown>,
): Action<Arguments> {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const run = async (...given: Arguments): Promise<boolean> => {
    if (busy) return false;
    setBusy(true);
    setProblem(undefined);
    try {
      await act(...given);
      return true;
    } catch (error) {
      setProblem(toProblem(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  const forget = useCallback(() => setProblem(undefined), []);
  return { run, busy, problem, forget };
}

interface Form extends Pick<Action<[]>, "busy" | "problem"> {
  readonly onSubmit: (event: Event) => void;
}

/** A small form whose fields are read when it is sent. It is emptied once that has worked. */
export function useForm(send: (fields: FormData) => Promise<unknown>): Form {
  const { run, busy, problem } = useAction(async (form: HTMLFormElement) => {
    await send(new FormData(form));
    form.reset();
  });
  const onSubmit = (event: Event) => {
    event.preventDefault();
    void run(event.currentTarget as HTMLFormElement);
  };
  return { onSubmit, busy, problem };
}

/** Request an experiment: what it mixes, what it costs, and what it can show. */
import { useMemo, useState } from "preact/hooks";
import { go, href } from "../../../router";
import { texts } from "../../../texts";
import { useAction } from "../../../ui/action";
import { Head, ProblemBox } from "../../../ui/parts";
import { useCost, useSend } from "./cost";
import { CostPanel } from "./cost-panel";
import { type Draft, newDraft, type SetDraft, toRequest } from "./draft";
import { FieldErrors } from "./errors";
import { AboutFields, ControlFields } from "./fields-about";
import { DatasetField, MixFields } from "./fields-data";
import { GeneratorFields, SegmenterFields } from "./fields-models";
import { SplitFields } from "./fields-split";
import "./request.css";

export function NewExperiment({ dataset }: { dataset: string }) {
  const [draft, setDraft] = useState<Draft>(() => newDraft(dataset));
  const set: SetDraft = (key, value) => setDraft((known) => ({ ...known, [key]: value }));
  const request = useMemo(() => toRequest(draft), [draft]);
  const asked = useCost(request);
  const send = useSend();
  const sending = useAction(async () => {
    const made = await send(request.spec);
    go(href(["experiments", made.id]));
  });
  const [tried, setTried] = useState(false);
  const problem = sending.problem ?? asked.problem;
  const told = shownErrors(request.errors, tried, problem?.errors ?? []);
  const errors = new FieldErrors(told, request.spec);
  const submit = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (request.errors.length || !(await sending.run())) focusFirstMistake();
  };
  const parts = { draft, set: forgetting(set, sending.forget), errors };
  return (
    <>
      <Head
        title={texts.newExperiment.title}
        trail={<a href={href(["experiments"])}>{texts.experiments.title}</a>}
      />
      <p>{texts.newExperiment.claim}</p>
      <form class="request" onSubmit={submit} noValidate>
        <div>
          <DatasetField {...parts} />
          <MixFields {...parts} />
          <GeneratorFields {...parts} />
          <SegmenterFields {...parts} />
          <SplitFields {...parts} />
          <ControlFields {...parts} />
          <AboutFields {...parts} />
        </div>
        <div class="request-side">
          <CostPanel asked={asked} wrong={errors.any} chosen={draft.dataset !== ""} />
          {problem && (!problem.errors.length || errors.others.length > 0) && (
            <ProblemBox problem={problem} />
          )}
          <div class="request-send">
            <button type="submit" class="main-button" disabled={sending.busy}>
              {sending.busy ? texts.newExperiment.busy : texts.newExperiment.submit}
            </button>
          </div>
        </div>
      </form>
    </>
  );
}

/** Nobody is told that a field is empty before it was sent; what is typed wrong is told at once. */
function shownErrors(
  own: ReturnType<typeof toRequest>["errors"],
  tried: boolean,
  told: ReturnType<typeof toRequest>["errors"],
) {
  const shown = tried ? own : own.filter(({ pointer }) => pointer !== "/dataset");
  return own.length ? shown : told;
}

/** A changed field makes what was said of the request sent before it pointless. */
function forgetting(set: SetDraft, forget: () => void): SetDraft {
  return (key, value) => {
    forget();
    set(key, value);
  };
}

function focusFirstMistake(): void {
  requestAnimationFrame(() =>
    document.querySelector<HTMLElement>('.request [aria-invalid="true"]')?.focus(),
  );
}

/** What can be done to an experiment in its state. Each is asked for once more before it is done. */
import { useState } from "preact/hooks";
import { api, ok } from "../../../api/client";
import { go, href } from "../../../router";
import { texts } from "../../../texts";
import { useAction } from "../../../ui/action";
import { Dialog } from "../../../ui/dialog";
import type { Experiment } from "../names";
import { Edit } from "./edit";

type Name = "pause" | "resume" | "retry" | "cancel" | "remove";

interface ActionsProps {
  readonly of: Experiment;
  readonly look: () => void;
}

export function Actions({ of, look }: ActionsProps) {
  const [asked, setAsked] = useState<Name | "edit">();
  const close = () => setAsked(undefined);
  const done = () => {
    close();
    look();
  };
  return (
    <>
      {possible(of).map((name) => (
        <button
          key={name}
          type="button"
          class={name === "remove" ? "danger-button" : ""}
          onClick={() => setAsked(name)}
        >
          {texts.experiment[name]}
        </button>
      ))}
      <button type="button" onClick={() => setAsked("edit")}>
        {texts.experiment.edit}
      </button>
      {asked === "edit" && <Edit of={of} onDone={done} onClose={close} />}
      {asked === "remove" && <Remove id={of.id} onClose={close} />}
      {asked && asked !== "edit" && asked !== "remove" && (
        <Ask name={asked} id={of.id} onDone={done} onClose={close} />
      )}
    </>
  );
}

function possible({ state }: Experiment): readonly Name[] {
  if (state === "queued" || state === "running") return ["pause", "cancel"];
  if (state === "paused") return ["resume", "cancel"];
  return state === "failed" ? ["retry", "remove"] : ["remove"];
}

interface AskProps {
  readonly name: Exclude<Name, "remove">;
  readonly id: string;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

function Ask({ name, id, onDone, onClose }: AskProps) {
  const { title, text } = texts.experiment.ask[name];
  const params = { path: { experiment_id: id } };
  const { run, busy, problem } = useAction(() =>
    ok(api.POST(`/experiments/{experiment_id}/${name}`, { params })),
  );
  const act = async () => {
    if (await run()) onDone();
  };
  return (
    <Dialog
      title={title}
      act={texts.experiment[name]}
      keep={texts.experiment.keep}
      danger={name === "cancel"}
      {...{ busy, problem, onClose }}
      onAct={() => void act()}
    >
      <p>{text}</p>
    </Dialog>
  );
}

/** Without `cascade` the API refuses to delete what others depend on, and names it. */
function Remove({ id, onClose }: { id: string; onClose: () => void }) {
  const { title, text } = texts.experiment.ask.remove;
  const [cascade, setCascade] = useState(false);
  const params = { path: { experiment_id: id }, query: { cascade } };
  const { run, busy, problem } = useAction(() =>
    ok(api.DELETE("/experiments/{experiment_id}", { params })),
  );
  const act = async () => {
    if (await run()) go(href(["experiments"]));
  };
  return (
    <Dialog
      title={title}
      act={texts.experiment.remove}
      keep={texts.experiment.keep}
      danger
      {...{ busy, problem, onClose }}
      onAct={() => void act()}
    >
      <p>{text}</p>
      <label class="check">
        <input
          type="checkbox"
          checked={cascade}
          onChange={(event) => setCascade(event.currentTarget.checked)}
        />
        {texts.experiment.cascade}
      </label>
    </Dialog>
  );
}

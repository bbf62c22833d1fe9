/** Change what lists call an experiment, and which one comes first. */
import { useState } from "preact/hooks";
import { api, ok } from "../../../api/client";
import { texts } from "../../../texts";
import { useAction } from "../../../ui/action";
import { Dialog } from "../../../ui/dialog";
import { readParts } from "../../../ui/lists";
import { Field } from "../../../ui/parts";
import type { Experiment } from "../names";

interface EditProps {
  readonly of: Experiment;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

export function Edit({ of, onDone, onClose }: EditProps) {
  const [name, setName] = useState(of.name ?? "");
  const [tags, setTags] = useState(of.tags.join(", "));
  const [priority, setPriority] = useState(String(of.priority));
  const { run, busy, problem } = useAction(() => {
    const params = { path: { experiment_id: of.id } };
    const body = { name: name.trim() || null, tags: readParts(tags), priority: Number(priority) };
    return ok(api.PATCH("/experiments/{experiment_id}", { params, body }));
  });
  const act = async () => {
    if (await run()) onDone();
  };
  const said = (pointer: string) =>
    problem?.errors.find((error) => error.pointer.startsWith(pointer))?.detail;
  const field = (label: string, value: string, set: (value: string) => void, pointer: string) => (
    <Field label={label} problem={said(pointer)}>
      {(ids) => (
        <input {...ids} value={value} onInput={(event) => set(event.currentTarget.value)} />
      )}
    </Field>
  );
  return (
    <Dialog
      title={texts.experiment.editTitle}
      act={texts.common.save}
      keep={texts.experiment.keep}
      problem={problem?.errors.length ? undefined : problem}
      {...{ busy, onClose }}
      onAct={() => void act()}
    >
      {field(texts.newExperiment.name, name, setName, "/name")}
      {field(texts.newExperiment.tags, tags, setTags, "/tags")}
      {field(texts.newExperiment.priority, priority, setPriority, "/priority")}
    </Dialog>
  );
}

/** Change a dataset's name and tags, derive another from it, or delete it. */
import { useState } from "preact/hooks";
import { api, ok } from "../../api/client";
import { go, href } from "../../router";
import { texts } from "../../texts";
import { useAction } from "../../ui/action";
import { Dialog } from "../../ui/dialog";
import { readParts } from "../../ui/lists";
import { Field } from "../../ui/parts";
import type { Dataset } from "./read";

interface ChangeProps {
  readonly dataset: Dataset;
  readonly reload: () => void;
  readonly onClose: () => void;
}

export function ChangeDialog({ dataset, reload, onClose }: ChangeProps) {
  const { datasets, common } = texts;
  const [name, setName] = useState(dataset.name);
  const [tags, setTags] = useState(dataset.tags.join(", "));
  const [missing, setMissing] = useState(false);
  const { run, busy, problem } = useAction(async () => {
    const path = { dataset_id: dataset.id };
    const body = { name: name.trim(), tags: readParts(tags) };
    await ok(api.PATCH("/datasets/{dataset_id}", { params: { path }, body }));
    reload();
    onClose();
  });
  const act = () => {
    setMissing(!name.trim());
    if (name.trim()) void run();
  };
  return (
    <Dialog
      title={datasets.changeTitle}
      act={common.save}
      keep={common.cancel}
      busy={busy}
      problem={problem}
      onAct={act}
      onClose={onClose}
    >
      <Field label={common.name} problem={missing ? datasets.nameMissing : undefined}>
        {(ids) => (
          <input
            {...ids}
            maxLength={200}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label={common.tags} hint={datasets.tagsHint}>
        {(ids) => (
          <input {...ids} value={tags} onInput={(event) => setTags(event.currentTarget.value)} />
        )}
      </Field>
    </Dialog>
  );
}

interface OneProps {
  readonly dataset: Dataset;
  readonly onClose: () => void;
}

export function DeriveDialog({ dataset, onClose }: OneProps) {
  const { datasets, common } = texts;
  const [name, setName] = useState(dataset.name);
  const [without, setWithout] = useState("");
  const { run, busy, problem } = useAction(async () => {
    const path = { dataset_id: dataset.id };
    const body = { name: name.trim() || null, without: readParts(without, /[\s,]+/) };
    const made = await ok(api.POST("/datasets/{dataset_id}/derive", { params: { path }, body }));
    go(href(["datasets", made.id]));
  });
  return (
    <Dialog
      title={datasets.deriveTitle}
      act={datasets.derive}
      keep={common.cancel}
      busy={busy}
      problem={problem}
      onAct={() => void run()}
      onClose={onClose}
    >
      <p>{datasets.deriveHint}</p>
      <Field label={common.name}>
        {(ids) => (
          <input
            {...ids}
            maxLength={200}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label={datasets.deriveWithout} hint={datasets.deriveWithoutHint}>
        {(ids) => (
          <textarea
            {...ids}
            rows={4}
            value={without}
            onInput={(event) => setWithout(event.currentTarget.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}

export function DeleteDialog({ dataset, onClose }: OneProps) {
  const { datasets, common } = texts;
  const [cascade, setCascade] = useState(false);
  const { run, busy, problem } = useAction(async () => {
    const params = { path: { dataset_id: dataset.id }, query: { cascade } };
    await ok(api.DELETE("/datasets/{dataset_id}", { params }));
    go(href(["datasets"]), true);
  });
  return (
    <Dialog
      title={datasets.deleteTitle}
      act={common.delete}
      keep={common.cancel}
      danger
      busy={busy}
      problem={problem}
      onAct={() => void run()}
      onClose={onClose}
    >
      <p>
        <strong>{dataset.name}</strong>
      </p>
      <p>{datasets.deleteHint}</p>
      <label class="choice">
        <input
          type="checkbox"
          checked={cascade}
          onChange={(event) => setCascade(event.currentTarget.checked)}
        />
        <span>{datasets.deleteCascade}</span>
      </label>
      {problem?.status === 409 && <p class="hint">{datasets.inUse}</p>}
    </Dialog>
  );
}

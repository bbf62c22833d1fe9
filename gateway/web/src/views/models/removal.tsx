/** Asks before a model is deleted. */
import { useState } from "preact/hooks";
import { api, ok } from "../../api/client";
import { go, href } from "../../router";
import { texts } from "../../texts";
import { useAction } from "../../ui/action";
import { Dialog } from "../../ui/dialog";

export function RemoveModel({ name, onClose }: { name: string; onClose: () => void }) {
  const [cascade, setCascade] = useState(false);
  const { run, busy, problem } = useAction(async () => {
    const params = { path: { model_id: name }, query: { cascade } };
    await ok(api.DELETE("/models/{model_id}", { params }));
    go(href(["models"]));
  });
  return (
    <Dialog
      title={texts.models.removeTitle(name)}
      act={texts.common.delete}
      keep={texts.common.cancel}
      danger
      busy={busy}
      problem={problem}
      onAct={() => void run()}
      onClose={onClose}
    >
      <p>{texts.models.removeHint}</p>
      <label class="choice">
        <input
          type="checkbox"
          checked={cascade}
          onChange={(event) => setCascade(event.currentTarget.checked)}
        />
        <span>{texts.models.removeRuns}</span>
      </label>
    </Dialog>
  );
}

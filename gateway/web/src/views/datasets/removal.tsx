/** Take a case out: removed from an open dataset, withdrawn for good from a ready one. */
import { useState } from "preact/hooks";
import { api, ok } from "../../api/client";
import { texts } from "../../texts";
import { useAction } from "../../ui/action";
import { Dialog } from "../../ui/dialog";
import type { Dataset } from "./read";
import type { Case } from "./sorting";

interface RemoveProps {
  readonly dataset: Dataset;
  readonly each: Case;
  readonly onDone: (said: string) => void;
  readonly onClose: () => void;
}

export function RemoveDialog({ dataset, each, onDone, onClose }: RemoveProps) {
  const { datasets, common } = texts;
  const [withModels, setWithModels] = useState(false);
  const isReady = dataset.state === "ready";
  const { run, busy, problem } = useAction(async () => {
    onDone(await takeOut(dataset.id, each.id, withModels));
  });
  return (
    <Dialog
      title={isReady ? datasets.withdrawTitle(each.id) : datasets.removeTitle(each.id)}
      act={isReady ? datasets.withdraw : datasets.remove}
      keep={common.cancel}
      danger
      busy={busy}
      problem={problem}
      onAct={() => void run()}
      onClose={onClose}
    >
      <p>{isReady ? datasets.withdrawHint : datasets.removeHint}</p>
      {isReady && (
        <label class="choice">
          <input
            type="checkbox"
            checked={withModels}
            onChange={(event) => setWithModels(event.currentTarget.checked)}
          />
          <span>{datasets.withdrawModels}</span>
        </label>
      )}
    </Dialog>
  );
}

/** Give what happened as a sentence; nothing where a case only left an open dataset. */
async function takeOut(dataset: string, id: string, withModels: boolean): Promise<string> {
  const path = { dataset_id: dataset, case_id: id };
  const query = withModels ? { cascade: "models" as const } : {};
  const gone = await ok(
    api.DELETE("/datasets/{dataset_id}/cases/{case_id}", { params: { path, query } }),
  );
  if (!gone) return "";
  const { failed_runs, models_marked, models_deleted, objects } = gone;
  const counts = [failed_runs, models_marked, models_deleted].map((each) => each.length);
  const [runs = 0, marked = 0, deleted = 0] = counts;
  return texts.datasets.withdrawnNow(id, runs, marked, deleted, objects);
}

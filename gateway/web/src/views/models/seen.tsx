/** What a model has seen: its training cases, one row each, however many. */
import { texts } from "../../texts";
import { count } from "../../ui/numbers";
import { VirtualList } from "../../ui/virtual";
import type { Model } from "./read";

const PHANTOM = "phantom-"; // begins the ids of cases that a program made, as the API has it

interface Row {
  readonly key: string;
  readonly id: string;
  readonly means: string;
}

export function Seen({ model }: { model: Model }) {
  if (model.kind === "start_weights") return null;
  const rows = model.kind === "generator" ? ofGenerator(model) : ofSegmenter(model);
  const phantoms = rows.filter(({ id }) => id.startsWith(PHANTOM)).length;
  return (
    <section class="card model-seen">
      <h2>{texts.models.seen}</h2>
      <p>
        {texts.models.seenMeans(count(model.seen_cases), count(phantoms))}{" "}
        {model.kind === "generator" && texts.models.seenRule}
      </p>
      {rows.length > 0 && (
        <VirtualList rows={rows} rowPx={32} label={texts.models.seenList} keyOf={(row) => row.key}>
          {(row) => (
            <div class="seen-row">
              <span>{row.id}</span>
              <span class="hint">{row.means}</span>
            </div>
          )}
        </VirtualList>
      )}
    </section>
  );
}

function ofGenerator({ card }: Extract<Model, { kind: "generator" }>): Row[] {
  return card.seen.map(({ id }) => ({
    key: id,
    id,
    means: id.startsWith(PHANTOM) ? texts.models.phantom : "",
  }));
}

function ofSegmenter({ training }: Extract<Model, { kind: "segmenter" }>): Row[] {
  return (training.cases ?? []).map(({ id, image, labels }) => ({
    key: `${id}/${image}/${labels ?? ""}`,
    id,
    means: [
      texts.training.image[image as "real" | "twin"],
      ...(labels ? [texts.models.labelsOf(labels)] : []),
      ...(id.startsWith(PHANTOM) ? [texts.models.phantom] : []),
    ].join(", "),
  }));
}

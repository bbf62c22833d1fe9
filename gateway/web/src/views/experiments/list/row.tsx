/** One experiment in the list: what it is called, what it mixes, and how far it is. */
import { href } from "../../../router";
import { texts } from "../../../texts";
import { State, Time } from "../../../ui/parts";
import { nameAlphas, nameOf, type Summary } from "../names";
import type { Choice } from "./choice";

interface RowProps {
  readonly of: Summary;
  readonly dataset: string | undefined;
  readonly choice: Choice;
}

export function Row({ of, dataset, choice }: RowProps) {
  const name = nameOf(of);
  const chosen = choice.ids.includes(of.id);
  return (
    <div class="experiment-row">
      <label class="choose">
        <input
          type="checkbox"
          aria-label={texts.experiments.choose(name)}
          checked={chosen}
          disabled={choice.full && !chosen}
          onChange={() => choice.toggle(of.id)}
        />
      </label>
      <div class="experiment-what">
        <p>
          <a href={href(["experiments", of.id])}>{name}</a>
          {of.tags.map((tag) => (
            <span key={tag} class="tag">
              {tag}
            </span>
          ))}
        </p>
        <p class="experiment-more">
          {nameAlphas(of.alphas)} · <Time at={of.created} /> ·{" "}
          {dataset ?? texts.experiments.deletedDataset}
          {of.priority !== 0 && ` · ${texts.experiments.priority(of.priority)}`}
        </p>
      </div>
      <div class="experiment-state">
        <State of={of.state} />
        {of.partial && <span class="hint">{texts.experiments.partial}</span>}
      </div>
    </div>
  );
}

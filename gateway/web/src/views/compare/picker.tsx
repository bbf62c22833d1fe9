/** Choose the experiments to compare, among those that have results. */
import { useMemo, useState } from "preact/hooks";
import { api, ok, type Schemas } from "../../api/client";
import { go, href } from "../../router";
import { texts } from "../../texts";
import { usePages } from "../../ui/pages";
import { Empty, Loading, ProblemBox, State, Time } from "../../ui/parts";
import { VirtualList } from "../../ui/virtual";
import { LEAST, MOST } from "./ids";

type Row = Schemas["ExperimentSummary"];

export function Picker({ known }: { known: readonly string[] }) {
  const pages = usePages<Row>(
    (cursor, signal) =>
      ok(
        api.GET("/experiments", {
          params: { query: { limit: 200, ...(cursor ? { cursor } : {}) } },
          signal,
        }),
      ),
    [],
  );
  const rows = useMemo(() => pages.rows.filter(hasResults), [pages.rows]);
  const [chosen, setChosen] = useState<readonly string[]>(known.slice(0, MOST));
  if (pages.problem && rows.length === 0) {
    return <ProblemBox problem={pages.problem} retry={pages.reload} />;
  }
  if (pages.loading && rows.length === 0) return <Loading />;
  if (pages.complete && rows.length < LEAST) return <TooFew />;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        go(href(["compare"], { ids: chosen.join(",") }));
      }}
    >
      <h2>{texts.compare.pick}</h2>
      <p>{texts.compare.pickSay}</p>
      <VirtualList
        rows={rows}
        rowPx={44}
        label={texts.compare.experiments}
        keyOf={(row) => row.id}
        onEnd={pages.more}
      >
        {(row) => (
          <Choice
            row={row}
            place={chosen.indexOf(row.id)}
            full={chosen.length >= MOST}
            toggle={() => setChosen((now) => toggle(now, row.id))}
          />
        )}
      </VirtualList>
      <p class="row pick-end" aria-live="polite">
        <button type="submit" class="main-button" disabled={chosen.length < LEAST}>
          {texts.compare.submit}
        </button>
        {texts.compare.chosen(chosen.length)}
        {chosen.length >= MOST && ` ${texts.compare.tooMany}`}
      </p>
    </form>
  );
}

function hasResults(row: Row): boolean {
  return row.state === "succeeded" || row.partial;
}

function toggle(chosen: readonly string[], id: string): readonly string[] {
  return chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id];
}

interface ChoiceProps {
  readonly row: Row;
  /** The place among the chosen; -1 where it is not chosen. */
  readonly place: number;
  readonly full: boolean;
  readonly toggle: () => void;
}

function Choice({ row, place, full, toggle: change }: ChoiceProps) {
  return (
    <label class="pick">
      <input type="checkbox" checked={place >= 0} disabled={place < 0 && full} onChange={change} />
      <span class="pick-place">{place >= 0 ? place + 1 : ""}</span>
      <span class="pick-name">{row.name || row.id}</span>
      <State of={row.state} />
      <Time at={row.finished} />
    </label>
  );
}

function TooFew() {
  return (
    <Empty title={texts.compare.pickNone}>
      <p>{texts.compare.pickNoneSay}</p>
      <p>
        <a class="button" href={href(["experiments", "new"])}>
          {texts.compare.newExperiment}
        </a>
      </p>
    </Empty>
  );
}

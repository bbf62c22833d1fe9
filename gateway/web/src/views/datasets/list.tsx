/** All datasets, newest first. Rows are loaded and drawn as they come into sight. */
import { useEffect, useState } from "preact/hooks";
import { href } from "../../router";
import { texts } from "../../texts";
import { count } from "../../ui/numbers";
import { usePages } from "../../ui/pages";
import { Empty, Head, Loading, ProblemBox, State, Time } from "../../ui/parts";
import { VirtualList } from "../../ui/virtual";
import { type DatasetState, readDatasets, type Summary } from "./read";

const STATES: readonly DatasetState[] = ["open", "inspecting", "ready"];

export function DatasetList() {
  const [name, setName] = useState("");
  const [state, setState] = useState<DatasetState | "">("");
  const pages = usePages<Summary>(
    (cursor, signal) => readDatasets(state || undefined, cursor, signal),
    [state],
  );
  const { rows, complete, loading, more, problem, reload } = pages;
  const wanted = name.trim().toLowerCase();
  // The API finds exact names alone, so all pages are read while the reader searches for a part.
  useEffect(() => {
    if (wanted && !complete && !loading && !problem) more();
  }, [wanted, complete, loading, problem, more]);
  const found = wanted ? rows.filter((row) => row.name.toLowerCase().includes(wanted)) : rows;
  return (
    <>
      <Head title={texts.datasets.title}>
        <a class="button main-button" href={href(["datasets", "new"])}>
          {texts.datasets.add}
        </a>
      </Head>
      <Filters name={name} state={state} onName={setName} onState={setState} />
      {problem && <ProblemBox problem={problem} retry={reload} />}
      {rows.length === 0 && loading && <Loading />}
      {complete && found.length === 0 && <NoneFound isFiltered={!!wanted || state !== ""} />}
      {found.length > 0 && (
        <>
          <p class="hint" role="status">
            {texts.datasets.shown(count(found.length), complete)}
          </p>
          <VirtualList
            rows={found}
            rowPx={66}
            label={texts.datasets.list}
            keyOf={(row) => row.id}
            onEnd={more}
          >
            {(row) => <Row row={row} />}
          </VirtualList>
        </>
      )}
    </>
  );
}

interface FiltersProps {
  readonly name: string;
  readonly state: DatasetState | "";
  readonly onName: (name: string) => void;
  readonly onState: (state: DatasetState | "") => void;
}

function Filters({ name, state, onName, onState }: FiltersProps) {
  return (
    <search class="row dataset-filters">
      <label>
        <span class="visually-hidden">{texts.common.search}</span>
        <input
          type="search"
          placeholder={texts.common.search}
          value={name}
          onInput={(event) => onName(event.currentTarget.value)}
        />
      </label>
      <label>
        {texts.common.state}{" "}
        <select
          value={state}
          onChange={(event) => onState(event.currentTarget.value as DatasetState | "")}
        >
          <option value="">{texts.datasets.allStates}</option>
          {STATES.map((each) => (
            <option key={each} value={each}>
              {texts.states[each]}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}

function Row({ row }: { row: Summary }) {
  const { inspected, total } = row.progress;
  return (
    <div class="dataset-row">
      <a href={href(["datasets", row.id])}>{row.name}</a>
      <State of={row.state} />
      <span class="hint dataset-facts">
        {row.state === "inspecting"
          ? texts.datasets.inspected(count(inspected), count(total))
          : texts.common.cases(total)}
        {" · "}
        <Time at={row.created} />
        {row.tags.length > 0 && ` · ${row.tags.join(", ")}`}
      </span>
    </div>
  );
}

function NoneFound({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title={texts.datasets.noMatch}>
        <p>{texts.datasets.noMatchStep}</p>
      </Empty>
    );
  }
  return (
    <Empty title={texts.datasets.emptyTitle}>
      <p>{texts.datasets.empty}</p>
      <p>
        <a href={href(["datasets", "new"])}>{texts.datasets.emptyStep}</a>
      </p>
    </Empty>
  );
}

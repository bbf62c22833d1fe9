/** Which dataset, and which mixes of its real and synthetic images. */
import { useId } from "preact/hooks";
import { api, ok } from "../../../api/client";
import { href } from "../../../router";
import { texts } from "../../../texts";
import { useLoaded } from "../../../ui/loaded";
import { Empty, Field, Loading } from "../../../ui/parts";
import { useDatasets } from "../datasets";
import { ALPHA_PRESETS, presetOf } from "./draft";
import { Part, type PartProps, TextField } from "./fields";

export function DatasetField({ draft, set, errors }: PartProps) {
  const { data } = useDatasets("ready");
  if (!data) return <Loading />;
  if (!data.length) return <NoDataset />;
  return (
    <Part title={texts.newExperiment.dataset}>
      <Field
        label={texts.newExperiment.dataset}
        hint={texts.newExperiment.datasetHint}
        problem={errors.at("/dataset")}
      >
        {(ids) => (
          <select
            {...ids}
            value={draft.dataset}
            onChange={(event) => set("dataset", event.currentTarget.value)}
          >
            <option value="">{texts.newExperiment.choose}</option>
            {data.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      {draft.dataset && <Cases id={draft.dataset} />}
    </Part>
  );
}

function NoDataset() {
  return (
    <Empty title={texts.newExperiment.noDataset}>
      <p>{texts.newExperiment.noDatasetHint}</p>
      <a class="button main-button" href={href(["datasets"])}>
        {texts.experiments.register}
      </a>
    </Empty>
  );
}

const MOST_SHOWN = 200;

function Cases({ id }: { id: string }) {
  const path = { dataset_id: id };
  const { data } = useLoaded(
    (signal) => ok(api.GET("/datasets/{dataset_id}", { params: { path }, signal })),
    [id],
  );
  if (!data) return null;
  const ready = data.cases.filter(({ state }) => state === "ready");
  const patients = new Set(ready.map(({ patient }) => patient)).size;
  return (
    <>
      <p>{texts.newExperiment.datasetFacts(ready.length, patients)}</p>
      <details>
        <summary>{texts.newExperiment.showCases}</summary>
        <ul class="case-names">
          {ready.slice(0, MOST_SHOWN).map((each) => (
            <li key={each.id}>{each.id}</li>
          ))}
        </ul>
        {ready.length > MOST_SHOWN && <a href={href(["datasets", id])}>{texts.common.more}</a>}
      </details>
    </>
  );
}

export function MixFields(props: PartProps) {
  const { draft, set } = props;
  return (
    <Part title={texts.newExperiment.mixes}>
      <AlphaPresets {...props} />
      <TextField
        {...props}
        of="alphas"
        pointer="/alphas"
        label={texts.newExperiment.alphas}
        hint={`${texts.newExperiment.alphasHint} ${texts.newExperiment.list}`}
      />
      <TextField
        {...props}
        of="seeds"
        pointer="/seeds"
        label={texts.newExperiment.seeds}
        hint={texts.newExperiment.seedsHint}
      />
      <Field label={texts.newExperiment.mixing} problem={props.errors.at("/mixing")}>
        {(ids) => (
          <select
            {...ids}
            value={draft.mixing}
            onChange={({ currentTarget: { value } }) =>
              set("mixing", value === "independent" ? "independent" : "disjoint")
            }
          >
            <option value="disjoint">{texts.newExperiment.mixings.disjoint}</option>
            <option value="independent">{texts.newExperiment.mixings.independent}</option>
          </select>
        )}
      </Field>
    </Part>
  );
}

/** A preset fills the list; a list that is no preset is the reader's own. */
function AlphaPresets({ draft, set }: PartProps) {
  const group = useId();
  const chosen = presetOf(draft.alphas);
  const names = [...(Object.keys(ALPHA_PRESETS) as (keyof typeof ALPHA_PRESETS)[]), "own" as const];
  return (
    <fieldset class="request-choices">
      <legend>{texts.newExperiment.presets}</legend>
      {names.map((name) => (
        <label key={name}>
          <input
            type="radio"
            name={group}
            checked={chosen === name}
            onChange={() => set("alphas", name === "own" ? "" : ALPHA_PRESETS[name])}
          />
          {texts.newExperiment[name]}
        </label>
      ))}
    </fieldset>
  );
}

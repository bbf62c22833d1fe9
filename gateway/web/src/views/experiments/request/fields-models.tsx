/** Which generator draws the twins, and how the segmenters are trained. */
import { useEffect } from "preact/hooks";
import { api, ok, type Schemas } from "../../../api/client";
import { texts } from "../../../texts";
import { useLoaded } from "../../../ui/loaded";
import { Field } from "../../../ui/parts";
import { Part, type PartProps, TextField } from "./fields";

type Generator = Schemas["GeneratorSummary"];
type Kind = "generator" | "segmenter" | "start_weights";

const SAMPLERS = ["ancestral", "ddim", "dpm++2m"] as const;
const PRESETS = ["tiny", "base", "full"] as const;

export function GeneratorFields(props: PartProps) {
  const { draft, set } = props;
  const { data } = useLoaded((signal) => readModels("generator", signal), []);
  const models = (data ?? []) as Generator[];
  // The shipped one is what the platform takes where none is named.
  const chosen = models.find(({ id }) => id === draft.model);
  const first = models.find(({ name }) => name === "tiny") ?? models[0];
  useEffect(() => {
    if (!chosen && first) set("model", first.id);
  }, [chosen, first]);
  return (
    <Part title={texts.newExperiment.generator}>
      <ModelField {...props} models={models} known={data !== undefined} />
      {chosen && <Seen of={chosen} />}
      <div class="fields">
        <SamplerField {...props} own={chosen?.sampling.sampler ?? ""} />
        <TextField
          {...props}
          of="steps"
          numeric
          pointer="/generator/steps"
          label={texts.newExperiment.steps}
          hint={chosen && texts.newExperiment.stepsDefault(chosen.sampling.steps)}
        />
        <TextField
          {...props}
          of="twins"
          numeric
          pointer="/generator/twins"
          label={texts.newExperiment.twins}
          hint={texts.newExperiment.twinsHint}
        />
        <TextField
          {...props}
          of="generatorSeed"
          numeric
          pointer="/generator/seed"
          label={texts.newExperiment.generatorSeed}
        />
      </div>
    </Part>
  );
}

interface ModelProps extends PartProps {
  readonly models: readonly Generator[];
  readonly known: boolean;
}

function ModelField({ draft, set, errors, models, known }: ModelProps) {
  const none = known && models.length === 0 ? texts.newExperiment.noModels : undefined;
  return (
    <Field label={texts.newExperiment.model} problem={errors.at("/generator/model") ?? none}>
      {(ids) => (
        <select
          {...ids}
          value={draft.model}
          onChange={(event) => set("model", event.currentTarget.value)}
        >
          {models.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function SamplerField({ draft, set, errors, own }: PartProps & { own: string }) {
  return (
    <Field label={texts.newExperiment.sampler} problem={errors.at("/generator/sampler")}>
      {(ids) => (
        <select
          {...ids}
          value={draft.sampler}
          onChange={({ currentTarget: { value } }) =>
            set("sampler", SAMPLERS.find((each) => each === value) ?? "")
          }
        >
          <option value="">{texts.newExperiment.samplerDefault(own)}</option>
          {SAMPLERS.map((sampler) => (
            <option key={sampler} value={sampler}>
              {sampler}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function Seen({ of }: { of: Generator }) {
  const { grid, seen_cases: cases } = of;
  const drawn = grid
    ? texts.newExperiment.grid(grid.shape.join(" × "), grid.spacing_mm.join(" × "))
    : texts.newExperiment.noGrid;
  return (
    <p class="hint models-facts">
      {texts.newExperiment.seen(cases)} {texts.newExperiment.seenHint} {drawn}
    </p>
  );
}

export function SegmenterFields(props: PartProps) {
  const { draft, set, errors } = props;
  return (
    <Part title={texts.newExperiment.segmenter}>
      <Field label={texts.newExperiment.preset} problem={errors.at("/segmenter/preset")}>
        {(ids) => (
          <select
            {...ids}
            value={draft.preset}
            onChange={({ currentTarget: { value } }) =>
              set("preset", PRESETS.find((each) => each === value) ?? "tiny")
            }
          >
            {PRESETS.map((name) => (
              <option key={name} value={name}>
                {texts.newExperiment.presetNames[name]}
              </option>
            ))}
          </select>
        )}
      </Field>
      <TextField
        {...props}
        of="iterations"
        numeric
        pointer="/segmenter/iterations"
        label={texts.newExperiment.iterations}
        hint={texts.newExperiment.iterationsHint}
      />
      <StartField {...props} />
    </Part>
  );
}

/** Imported weights and segmenters, whose layouts the platform compares with the preset. */
function StartField({ draft, set, errors }: PartProps) {
  const { data } = useLoaded(
    async (signal) => [
      ...(await readModels("start_weights", signal)),
      ...(await readModels("segmenter", signal)),
    ],
    [],
  );
  return (
    <Field
      label={texts.newExperiment.start}
      hint={texts.newExperiment.startHint}
      problem={errors.at("/segmenter/start")}
    >
      {(ids) => (
        <select
          {...ids}
          value={draft.start}
          onChange={(event) => set("start", event.currentTarget.value)}
        >
          <option value="">{texts.newExperiment.fresh}</option>
          {(data ?? []).map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** The newest of a kind: so many fit into a list that is looked through by eye. */
async function readModels(kind: Kind, signal: AbortSignal) {
  const query = { kind, limit: 200 };
  return (await ok(api.GET("/models", { params: { query }, signal }))).items;
}

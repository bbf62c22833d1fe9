/** Which cases train, which validate and which test. */
import { useId } from "preact/hooks";
import { texts } from "../../../texts";
import { Part, type PartProps, TextField } from "./fields";

export function SplitFields(props: PartProps) {
  const { draft, set, errors } = props;
  const group = useId();
  const problem = errors.at("/split");
  return (
    <Part title={texts.newExperiment.split}>
      <fieldset class="request-choices" aria-describedby={problem ? `${group}-problem` : undefined}>
        <legend class="visually-hidden">{texts.newExperiment.split}</legend>
        {(["random", "explicit"] as const).map((kind) => (
          <label key={kind}>
            <input
              type="radio"
              name={group}
              checked={draft.split === kind}
              onChange={() => set("split", kind)}
            />
            {texts.newExperiment[kind]}
          </label>
        ))}
      </fieldset>
      {problem && (
        <p class="field-problem" id={`${group}-problem`} role="alert">
          {problem}
        </p>
      )}
      {draft.split === "random" ? <RandomFields {...props} /> : <ExplicitFields {...props} />}
    </Part>
  );
}

function RandomFields(props: PartProps) {
  return (
    <div class="fields">
      <TextField
        {...props}
        of="testFraction"
        numeric
        pointer="/split/test_fraction"
        label={texts.newExperiment.testFraction}
      />
      <TextField
        {...props}
        of="validationFraction"
        numeric
        pointer="/split/validation_fraction"
        label={texts.newExperiment.validationFraction}
      />
      <TextField
        {...props}
        of="splitSeed"
        numeric
        pointer="/split/seed"
        label={texts.newExperiment.splitSeed}
      />
    </div>
  );
}

function ExplicitFields(props: PartProps) {
  return (
    <>
      <p class="hint">{texts.newExperiment.casesHint}</p>
      <div class="fields">
        {(["train", "validation", "test"] as const).map((part) => (
          <TextField
            key={part}
            {...props}
            of={part}
            lines={6}
            pointer={`/split/${part}`}
            label={texts.newExperiment[part]}
          />
        ))}
      </div>
    </>
  );
}

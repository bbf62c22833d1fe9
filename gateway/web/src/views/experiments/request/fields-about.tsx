/** The controls of an experiment, and what the reader's own lists call it. */
import { useId } from "preact/hooks";
import { texts } from "../../../texts";
import { CONTROLS, type Control } from "./draft";
import { Part, type PartProps, TextField } from "./fields";

export function ControlFields({ draft, set, errors }: PartProps) {
  const problem = errors.at("/controls");
  const toggle = (name: Control) => {
    const others = draft.controls.filter((each) => each !== name);
    set("controls", others.length < draft.controls.length ? others : [...others, name]);
  };
  return (
    <Part title={texts.newExperiment.controls}>
      <p class="hint">{texts.newExperiment.controlsHint}</p>
      {CONTROLS.map((name) => (
        <ControlField
          key={name}
          name={name}
          chosen={draft.controls.includes(name)}
          toggle={() => toggle(name)}
        />
      ))}
      {problem && (
        <p class="field-problem" role="alert">
          {problem}
        </p>
      )}
    </Part>
  );
}

interface ControlProps {
  readonly name: Control;
  readonly chosen: boolean;
  readonly toggle: () => void;
}

function ControlField({ name, chosen, toggle }: ControlProps) {
  const id = useId();
  return (
    <div class="request-control">
      <input
        id={id}
        type="checkbox"
        checked={chosen}
        aria-describedby={`${id}-hint`}
        onChange={toggle}
      />
      <div>
        <label for={id}>{texts.newExperiment.controlNames[name]}</label>
        <p class="hint" id={`${id}-hint`}>
          {texts.newExperiment.controlHints[name]}
        </p>
      </div>
    </div>
  );
}

export function AboutFields(props: PartProps) {
  return (
    <Part title={texts.newExperiment.about}>
      <TextField {...props} of="name" pointer="/name" label={texts.newExperiment.name} />
      <TextField
        {...props}
        of="tags"
        pointer="/tags"
        label={texts.newExperiment.tags}
        hint={texts.newExperiment.tagsHint}
      />
      <TextField
        {...props}
        of="priority"
        numeric
        pointer="/priority"
        label={texts.newExperiment.priority}
        hint={texts.newExperiment.priorityHint}
      />
    </Part>
  );
}

/** What is shown: image, plane, overlay, window. Every choice has a labelled control. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { texts } from "../../texts";
import { nameArm } from "../training/arms";
import { type Allowed, allowedOverlays, type Change, type Choice, VIEWS } from "./choice";
import { MODALITIES, type Source } from "./data/sources";

interface ControlsProps {
  readonly choice: Choice;
  readonly change: Change;
  readonly source: Source;
  readonly allowed: Allowed;
  readonly help: () => void;
}

export function Controls({ choice, change, source, allowed, help }: ControlsProps) {
  const t = texts.viewer;
  return (
    <form
      class="controls card"
      aria-label={t.controls}
      onSubmit={(event) => event.preventDefault()}
    >
      <Options
        label={t.modality}
        value={choice.modality}
        options={MODALITIES.map((each) => [each, t.modalities[each]])}
        choose={(modality) => change({ modality })}
      />
      <Options
        label={t.view}
        value={choice.view}
        options={VIEWS.map((each) => [each, t.views[each]])}
        choose={(view) => change({ view })}
      />
      {source.twins.size > 1 && (
        <Options
          label={t.twin}
          value={String(choice.twin)}
          options={[...source.twins.keys()].map((each) => [String(each), String(each)])}
          choose={(twin) => change({ twin: Number(twin) })}
        />
      )}
      <Overlays {...{ choice, change, source, allowed }} />
      <Windows choice={choice} change={change} twin={allowed.twin} />
      {allowed.twin && (
        <label class="control control-check">
          <input
            type="checkbox"
            checked={choice.sliding}
            onChange={(event) => change({ sliding: event.currentTarget.checked })}
          />
          {t.sliding}
        </label>
      )}
      <button type="button" onClick={help}>
        {t.keysTitle}
      </button>
    </form>
  );
}

function Overlays({ choice, change, source, allowed }: Omit<ControlsProps, "help">) {
  const t = texts.viewer;
  return (
    <>
      <Options
        label={t.overlay}
        value={choice.overlay}
        options={allowedOverlays(allowed).map((each) => [each, t.overlays[each]])}
        choose={(overlay) => change({ overlay })}
      />
      {choice.overlay === "prediction" && (
        <Options
          label={t.model}
          value={choice.model}
          options={source.segmenters.map((each) => [each.step, nameArm(each)])}
          choose={(model) => change({ model })}
        />
      )}
      {choice.overlay !== "none" && (
        <Range
          label={t.opacity}
          value={choice.opacity}
          most={1}
          change={(opacity) => change({ opacity })}
        />
      )}
    </>
  );
}

function Windows({
  choice,
  change,
  twin,
}: Pick<ControlsProps, "choice" | "change"> & { twin: boolean }) {
  const [low, high] = choice.window;
  const t = texts.viewer;
  return (
    <>
      <Numeric
        label={t.black}
        value={low}
        most={high - 0.1}
        set={(z) => change({ window: [z, high] })}
      />
      <Numeric
        label={t.white}
        value={high}
        least={low + 0.1}
        set={(z) => change({ window: [low, z] })}
      />
      {twin && (
        <Numeric
          label={t.range}
          value={choice.range}
          least={0.1}
          set={(range) => change({ range })}
        />
      )}
    </>
  );
}

function Control({
  label,
  children,
}: {
  label: string;
  children: (id: string) => ComponentChildren;
}) {
  const id = useId();
  return (
    <div class="control">
      <label for={id}>{label}</label>
      {children(id)}
    </div>
  );
}

interface OptionsProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [Value, string])[];
  readonly choose: (value: Value) => void;
}

function Options<Value extends string>({ label, value, options, choose }: OptionsProps<Value>) {
  return (
    <Control label={label}>
      {(id) => (
        <select
          id={id}
          value={value}
          onChange={(event) => choose(event.currentTarget.value as Value)}
        >
          {options.map(([each, name]) => (
            <option key={each} value={each}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Control>
  );
}

interface RangeProps {
  readonly label: string;
  readonly value: number;
  readonly most: number;
  readonly change: (value: number) => void;
}

export function Range({ label, value, most, change }: RangeProps) {
  return (
    <Control label={label}>
      {(id) => (
        <input
          id={id}
          type="range"
          min={0}
          max={most}
          step={most > 1 ? 1 : 0.05}
          value={value}
          onInput={(event) => change(Number(event.currentTarget.value))}
        />
      )}
    </Control>
  );
}

interface NumericProps {
  readonly label: string;
  readonly value: number;
  readonly least?: number;
  readonly most?: number;
  readonly set: (value: number) => void;
}

function Numeric({ label, value, least = -50, most = 50, set }: NumericProps) {
  return (
    <Control label={label}>
      {(id) => (
        <input
          id={id}
          class="control-number"
          type="number"
          step="0.1"
          value={Math.round(value * 100) / 100}
          onChange={(event) => {
            const asked = event.currentTarget.valueAsNumber;
            if (Number.isFinite(asked) && asked >= least && asked <= most) set(asked);
            else event.currentTarget.value = String(Math.round(value * 100) / 100);
          }}
        />
      )}
    </Control>
  );
}

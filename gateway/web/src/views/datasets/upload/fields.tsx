/** The choices of a new dataset: its name, what label values mean, and the grid. */
import { texts } from "../../../texts";
import { Field } from "../../../ui/parts";
import {
  GRIDS,
  type GridChoice,
  ORIGINS,
  type Origin,
  type OwnValues,
  REGIONS,
  SCHEMES,
  type SchemeChoice,
} from "./choices";

export interface Choices {
  readonly name: string;
  readonly origin: Origin;
  readonly scheme: SchemeChoice | undefined;
  readonly own: OwnValues;
  readonly grid: GridChoice;
  readonly gridText: string;
}

/** Sentences by field. */
export interface Mistakes {
  readonly name?: string;
  readonly scheme?: string;
  readonly grid?: string;
}

interface FieldsProps {
  readonly choices: Choices;
  readonly mistakes: Mistakes;
  readonly onChange: (changes: Partial<Choices>) => void;
}

export function Fields({ choices, mistakes, onChange }: FieldsProps) {
  return (
    <>
      <Field label={texts.upload.name} problem={mistakes.name}>
        {(ids) => (
          <input
            {...ids}
            maxLength={200}
            value={choices.name}
            onInput={(event) => onChange({ name: event.currentTarget.value })}
          />
        )}
      </Field>
      <OriginField origin={choices.origin} onChange={(origin) => onChange({ origin })} />
      <SchemeField choices={choices} mistakes={mistakes} onChange={onChange} />
      <GridField choices={choices} mistakes={mistakes} onChange={onChange} />
    </>
  );
}

interface OriginProps {
  readonly origin: Origin;
  readonly onChange: (origin: Origin) => void;
}

function OriginField({ origin, onChange }: OriginProps) {
  return (
    <fieldset class="upload-choices">
      <legend>{texts.upload.origin}</legend>
      {ORIGINS.map((each) => (
        <label key={each} class="choice">
          <input
            type="radio"
            name="origin"
            checked={origin === each}
            onChange={() => onChange(each)}
          />
          <span>{texts.origins[each]}</span>
        </label>
      ))}
    </fieldset>
  );
}

function SchemeField({ choices, mistakes, onChange }: FieldsProps) {
  const said = mistakes.scheme ? "scheme-hint scheme-problem" : "scheme-hint";
  return (
    <fieldset class="upload-choices" aria-describedby={said}>
      <legend>{texts.upload.scheme}</legend>
      <p class="hint" id="scheme-hint">
        {texts.upload.schemeHint}
      </p>
      {SCHEMES.map((scheme) => (
        <label key={scheme} class="choice">
          <input
            type="radio"
            name="scheme"
            checked={choices.scheme === scheme}
            onChange={() => onChange({ scheme })}
          />
          <span>
            {texts.upload.schemes[scheme].name}
            <span class="hint"> {texts.upload.schemes[scheme].values}</span>
          </span>
        </label>
      ))}
      {choices.scheme === "own" && <OwnScheme own={choices.own} onChange={onChange} />}
      {mistakes.scheme && (
        <p class="field-problem" id="scheme-problem" role="alert">
          {mistakes.scheme}
        </p>
      )}
    </fieldset>
  );
}

interface OwnProps {
  readonly own: OwnValues;
  readonly onChange: (changes: Partial<Choices>) => void;
}

function OwnScheme({ own, onChange }: OwnProps) {
  return (
    <div class="row own-values">
      {REGIONS.map((region) => (
        <Field key={region} label={texts.upload.ownValues(region)}>
          {(ids) => (
            <input
              {...ids}
              size={8}
              value={own[region]}
              onInput={(event) =>
                onChange({ own: { ...own, [region]: event.currentTarget.value } })
              }
            />
          )}
        </Field>
      ))}
      <p class="hint">{texts.upload.ownHint}</p>
    </div>
  );
}

function GridField({ choices, mistakes, onChange }: FieldsProps) {
  return (
    <>
      <Field
        label={texts.upload.grid}
        hint={texts.upload.gridHint}
        problem={choices.grid === "own" ? undefined : mistakes.grid}
      >
        {(ids) => (
          <select
            {...ids}
            value={choices.grid}
            onChange={(event) => onChange({ grid: event.currentTarget.value as GridChoice })}
          >
            {GRIDS.map((grid) => (
              <option key={grid} value={grid}>
                {texts.upload.grids[grid]}
              </option>
            ))}
          </select>
        )}
      </Field>
      {choices.grid === "own" && (
        <Field label={texts.upload.gridOwn} hint={texts.upload.gridOwnHint} problem={mistakes.grid}>
          {(ids) => (
            <input
              {...ids}
              value={choices.gridText}
              onInput={(event) => onChange({ gridText: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
    </>
  );
}

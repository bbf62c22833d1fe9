/** A new dataset from a folder of cases. */
import { useState } from "preact/hooks";
import { api, ok } from "../../../api/client";
import { go, href } from "../../../router";
import { texts } from "../../../texts";
import { useAction } from "../../../ui/action";
import { Head, ProblemBox } from "../../../ui/parts";
import { gridOf, schemeOf } from "./choices";
import { DropZone } from "./dropzone";
import { type Choices, Fields, type Mistakes } from "./fields";
import { Found } from "./found";
import { useGivenCases } from "./given_cases";
import type { Survey } from "./intake/outcomes";
import { startTransfer } from "./sending/current";

/** Until the reader gives a name, the folder does. */
type Given = Omit<Choices, "name"> & { readonly name: string | undefined };

const UNCHOSEN: Given = {
  name: undefined,
  origin: "patients",
  scheme: undefined,
  own: { NCR: "", ED: "", ET: "" },
  grid: "shipped",
  gridText: "",
};

export function NewDataset() {
  const [choices, setChoices] = useState(UNCHOSEN);
  const [goOn, setGoOn] = useState(false);
  const [asked, setAsked] = useState(false);
  const scheme = schemeOf(choices.scheme, choices.own);
  const given = useGivenCases(scheme);
  const name = choices.name ?? given.found?.name ?? "";
  const wrong = mistakesOf({ ...choices, name }, given.found, goOn);
  const shown = asked ? wrong : {};
  const { run, busy, problem } = useAction(() => create({ ...choices, name }, given.found));
  const submit = (event: Event) => {
    event.preventDefault();
    setAsked(true);
    if (!Object.values(wrong).some(Boolean)) void run();
    else queueMicrotask(focusMistake);
  };
  const { found } = given;
  return (
    <>
      <Head
        title={texts.upload.newTitle}
        trail={<a href={href(["datasets"])}>{texts.datasets.title}</a>}
      />
      <form class="upload" onSubmit={submit} noValidate>
        <DropZone busy={given.busy} onGiven={given.take} />
        {shown.folder && (
          <p class="field-problem" role="alert">
            {shown.folder}
          </p>
        )}
        {found && <Found survey={found} goOn={goOn} problem={shown.goOn} onGoOn={setGoOn} />}
        <Fields
          choices={{ ...choices, name }}
          mistakes={shown}
          onChange={(changes) => setChoices((known) => ({ ...known, ...changes }))}
        />
        {problem && <ProblemBox problem={problem} />}
        <button type="submit" class="main-button" disabled={busy || given.busy}>
          {texts.upload.create(texts.common.cases(found?.cases.length ?? 0))}
        </button>
      </form>
    </>
  );
}

type AllMistakes = Mistakes & { readonly folder?: string; readonly goOn?: string };

function mistakesOf(choices: Choices, found: Survey | undefined, goOn: boolean): AllMistakes {
  const { upload } = texts;
  const isOwn = choices.scheme === "own";
  const hasScheme = schemeOf(choices.scheme, choices.own) !== undefined;
  return {
    folder: found?.cases.length ? undefined : found ? upload.nothingTitle : upload.nothingDropped,
    goOn: found?.unfit.length && !goOn ? upload.goOnMissing : undefined,
    name: choices.name.trim() ? undefined : upload.nameMissing,
    scheme: hasScheme ? undefined : isOwn ? upload.ownWrong : upload.schemeMissing,
    grid: gridOf(choices.grid, choices.gridText) ? undefined : upload.gridWrong,
  };
}

async function create(choices: Choices, found: Survey | undefined): Promise<void> {
  const scheme = schemeOf(choices.scheme, choices.own);
  const grid = gridOf(choices.grid, choices.gridText);
  if (!scheme || !grid || !found) return;
  const { origin } = choices;
  const body = { name: choices.name.trim(), origin, scheme, grid, tags: [] };
  const { id } = await ok(api.POST("/datasets", { body }));
  startTransfer(id, found.cases);
  go(href(["datasets", id, "upload"]), true);
}

function focusMistake(): void {
  requestAnimationFrame(() =>
    document.querySelector<HTMLElement>("form.upload [aria-invalid=true]")?.focus(),
  );
}

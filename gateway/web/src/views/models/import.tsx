/** Import a generator: a checkpoint, a name, and the cases that it was trained on. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, ok, type Problem } from "../../api/client";
import { href } from "../../router";
import { texts } from "../../texts";
import { useAction } from "../../ui/action";
import { bytes } from "../../ui/numbers";
import { Bar, Field, Head, ProblemBox } from "../../ui/parts";
import { readSeen } from "./fields";
import { JobRow } from "./jobs";
import { once, saidOf, unsaid } from "./read";
import { type Sent, sendCheckpoint } from "./send";

const FIELDS = ["/name", "/seen", "/upload", "/files"] as const;

export function ImportModel() {
  const [file, setFile] = useState<File>();
  const [missing, setMissing] = useState(false);
  const [sent, setSent] = useState<Sent>();
  const [job, setJob] = useState<string>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const { run, busy, problem } = useAction(async (chosen: File, form: HTMLFormElement) => {
    stop.current = new AbortController();
    const { signal } = stop.current;
    try {
      setJob(await importModel(chosen, form, setSent, signal));
    } catch (error) {
      if (!signal.aborted) throw error; // the reader stopped it, and knows
    } finally {
      setSent(undefined);
    }
  });
  const submit = (event: Event) => {
    event.preventDefault();
    setMissing(!file);
    if (file) void run(file, event.currentTarget as HTMLFormElement);
  };
  const rest = unsaid(problem, FIELDS);
  return (
    <>
      <Head
        title={texts.models.import}
        trail={<a href={href(["models"])}>{texts.models.title}</a>}
      />
      <form class="card model-form" onSubmit={submit}>
        <p>{texts.models.importHint}</p>
        <Fields
          problem={problem}
          fileProblem={missing ? texts.models.fileMissing : undefined}
          choose={setFile}
        />
        {rest && <ProblemBox problem={rest} />}
        {sent && <Sending sent={sent} />}
        <p class="row">
          <button type="submit" class="main-button" disabled={busy}>
            {texts.models.importSubmit}
          </button>
          {busy && (
            <button type="button" onClick={() => stop.current?.abort()}>
              {texts.common.cancel}
            </button>
          )}
        </p>
      </form>
      {job && <Made job={job} />}
    </>
  );
}

interface FieldsProps {
  readonly problem: Problem | undefined;
  readonly fileProblem: string | undefined;
  readonly choose: (file: File | undefined) => void;
}

function Fields({ problem, fileProblem, choose }: FieldsProps) {
  return (
    <>
      <NameField said={saidOf(problem, "/name")} />
      <Field
        label={texts.models.file}
        hint={texts.models.fileHint}
        problem={fileProblem ?? saidOf(problem, "/upload") ?? saidOf(problem, "/files")}
      >
        {(ids) => (
          <input
            {...ids}
            type="file"
            accept=".pt,.pth,.ckpt"
            onChange={(event) => choose(event.currentTarget.files?.[0])}
          />
        )}
      </Field>
      <Field
        label={texts.models.seenField}
        hint={texts.models.seenHint}
        problem={saidOf(problem, "/seen")}
      >
        {(ids) => <textarea {...ids} name="seen" rows={4} spellcheck={false} />}
      </Field>
    </>
  );
}

export function NameField({ said }: { said: string | undefined }) {
  return (
    <Field label={texts.common.name} hint={texts.models.nameHint} problem={said}>
      {(ids) => <input {...ids} name="name" required maxLength={64} autocomplete="off" />}
    </Field>
  );
}

/** The job that was asked for, watched until it ends. */
export function Made({ job }: { job: string }) {
  const [ended, setEnded] = useState(false);
  return (
    <section class="card" aria-label={texts.models.jobs}>
      <JobRow id={job} ended={() => setEnded(true)} />
      {ended && (
        <p>
          <a href={href(["models"])}>{texts.models.toList}</a>
        </p>
      )}
    </section>
  );
}

function Sending({ sent: { phase, bytes: done, total } }: { sent: Sent }) {
  return (
    <div role="status">
      <p class="hint">
        {texts.models.phases[phase]}
        {phase === "send" && ` ${texts.common.of(bytes(done), bytes(total))}`}
      </p>
      {phase === "send" && <Bar done={done} total={total} label={texts.models.phases.send} />}
    </div>
  );
}

/** Check the request first: a large file is not sent for a name that is taken. */
async function importModel(
  file: File,
  form: HTMLFormElement,
  told: (sent: Sent) => void,
  signal: AbortSignal,
): Promise<string> {
  const given = new FormData(form);
  const name = String(given.get("name") ?? "").trim();
  const seen = readSeen(String(given.get("seen") ?? ""));
  const request = { name, ...(seen ? { seen } : {}) };
  await ok(api.POST("/models", { body: request, params: { query: { dry_run: true } } }));
  const upload = await sendCheckpoint(file, told, signal);
  told({ phase: "import", bytes: file.size, total: file.size });
  const params = { query: { dry_run: false }, header: once() };
  const made = await ok(api.POST("/models", { body: { ...request, upload }, params }));
  return "id" in made ? made.id : "";
}

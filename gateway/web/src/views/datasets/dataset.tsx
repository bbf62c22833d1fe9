/** One dataset: what it is, how far its inspection is, and its cases. */
import { useState } from "preact/hooks";
import { api, ok } from "../../api/client";
import { href } from "../../router";
import { texts } from "../../texts";
import { useAction } from "../../ui/action";
import { useLoaded } from "../../ui/loaded";
import { count } from "../../ui/numbers";
import { Bar, Empty, Head, Loading, ProblemBox, State } from "../../ui/parts";
import { Cases } from "./cases";
import { ChangeDialog, DeleteDialog, DeriveDialog } from "./dialogs";
import { Facts } from "./facts";
import { type Dataset, readDataset } from "./read";
import { Volumes } from "./volumes";

const LIVE_MS = 2000;

export function DatasetView({ id }: { id: string }) {
  const { data, problem, reload } = useLoaded((signal) => readDataset(id, signal), [id], {
    everyMs: LIVE_MS,
    again: ({ state }) => state === "inspecting",
  });
  if (problem && !data) return <ProblemBox problem={problem} retry={reload} />;
  if (!data) return <Loading />;
  return (
    <>
      <Head
        title={data.name}
        trail={
          <>
            <a href={href(["datasets"])}>{texts.datasets.title}</a> <State of={data.state} />
          </>
        }
      >
        <Actions dataset={data} reload={reload} />
      </Head>
      {problem && <p class="notice">{texts.problems.stale}</p>}
      <Inspection dataset={data} />
      <Refused dataset={data} />
      <Facts dataset={data} />
      {data.cases.length === 0 && <NoCases dataset={data} />}
      {data.cases.length > 0 && <Cases dataset={data} reload={reload} />}
      <Volumes cases={data.cases} />
    </>
  );
}

interface ActionsProps {
  readonly dataset: Dataset;
  readonly reload: () => void;
}

type Asked = "change" | "derive" | "delete";

/** What can be done with it: the next step first. */
function Actions({ dataset, reload }: ActionsProps) {
  const [asked, setAsked] = useState<Asked>();
  const { id, state, cases } = dataset;
  const needsFiles = cases.length === 0 || cases.some((each) => each.state === "refused");
  const close = () => setAsked(undefined);
  return (
    <>
      {state === "open" && (
        <a
          class={needsFiles ? "button main-button" : "button"}
          href={href(["datasets", id, "upload"])}
        >
          {texts.datasets.addCases}
        </a>
      )}
      {state === "open" && cases.length > 0 && (
        <Commit id={id} isNext={!needsFiles} reload={reload} />
      )}
      {state === "ready" && (
        <a class="button main-button" href={href(["experiments", "new"], { dataset: id })}>
          {texts.datasets.newExperiment}
        </a>
      )}
      {state === "ready" && (
        <button type="button" onClick={() => setAsked("derive")}>
          {texts.datasets.derive}
        </button>
      )}
      <button type="button" onClick={() => setAsked("change")}>
        {texts.datasets.change}
      </button>
      <button type="button" class="danger-button" onClick={() => setAsked("delete")}>
        {texts.common.delete}
      </button>
      {asked === "change" && <ChangeDialog dataset={dataset} reload={reload} onClose={close} />}
      {asked === "derive" && <DeriveDialog dataset={dataset} onClose={close} />}
      {asked === "delete" && <DeleteDialog dataset={dataset} onClose={close} />}
    </>
  );
}

interface CommitProps {
  readonly id: string;
  /** Whether it is what is to be done next. */
  readonly isNext: boolean;
  readonly reload: () => void;
}

function Commit({ id, isNext, reload }: CommitProps) {
  const { run, busy, problem } = useAction(async () => {
    const path = { dataset_id: id };
    await ok(api.POST("/datasets/{dataset_id}/commit", { params: { path } }));
    reload();
  });
  return (
    <>
      <button
        type="button"
        class={isNext ? "main-button" : ""}
        disabled={busy}
        onClick={() => void run()}
      >
        {texts.datasets.commit}
      </button>
      {problem && <ProblemBox problem={problem} />}
    </>
  );
}

function Inspection({ dataset }: { dataset: Dataset }) {
  const { inspected, total } = dataset.progress;
  if (dataset.state !== "inspecting") return null;
  return (
    <section class="card" aria-label={texts.datasets.inspection}>
      <Bar done={inspected} total={total} label={texts.datasets.inspection} />
      <p role="status">{texts.datasets.inspected(count(inspected), count(total))}</p>
    </section>
  );
}

function Refused({ dataset }: { dataset: Dataset }) {
  const refused = dataset.cases.filter(({ state }) => state === "refused").length;
  if (!refused || dataset.state !== "open") return null;
  return (
    <p class="problem" role="status">
      {texts.datasets.refusedSome(refused)}
    </p>
  );
}

function NoCases({ dataset }: { dataset: Dataset }) {
  return (
    <Empty title={texts.datasets.noCases}>
      <p>
        <a href={href(["datasets", dataset.id, "upload"])}>{texts.datasets.noCasesStep}</a>
      </p>
    </Empty>
  );
}

/** One model: its card, how its training went, what it has seen, its files, and what can be done. */
import { useState } from "preact/hooks";
import { api, ok } from "../../api/client";
import { href } from "../../router";
import { texts } from "../../texts";
import { useAction } from "../../ui/action";
import { useLoaded } from "../../ui/loaded";
import { bytes } from "../../ui/numbers";
import { Head, Loading, ProblemBox } from "../../ui/parts";
import { CardFacts } from "./cards";
import { ModelCurves } from "./curves";
import { JobRow } from "./jobs";
import { type Model, once, readModel, save } from "./read";
import { RemoveModel } from "./removal";
import { Sample } from "./sample";
import { Seen } from "./seen";

export function OneModel({ name }: { name: string }) {
  const { data: model, problem, reload } = useLoaded(() => readModel(name), [name]);
  const [job, setJob] = useState<string>();
  const [removing, setRemoving] = useState(false);
  const trail = <a href={href(["models"])}>{texts.models.title}</a>;
  const exporting = useAction(async () => {
    const params = { path: { model_id: name }, header: once() };
    setJob((await ok(api.POST("/models/{model_id}/bundle", { params }))).id);
  });
  return (
    <>
      <Head title={name} trail={trail}>
        {model?.kind === "segmenter" && (
          <button type="button" disabled={exporting.busy} onClick={() => void exporting.run()}>
            {texts.models.export}
          </button>
        )}
        {model && model.origin !== "shipped" && (
          <button type="button" class="danger-button" onClick={() => setRemoving(true)}>
            {texts.common.delete}
          </button>
        )}
      </Head>
      {problem && <ProblemBox problem={problem} retry={reload} />}
      {exporting.problem && <ProblemBox problem={exporting.problem} />}
      {job && (
        <section class="card" aria-label={texts.models.jobs}>
          <JobRow id={job} />
        </section>
      )}
      {!model && !problem && <Loading />}
      {model && <Whole model={model} />}
      {removing && <RemoveModel name={name} onClose={() => setRemoving(false)} />}
    </>
  );
}

function Whole({ model }: { model: Model }) {
  return (
    <>
      <CardFacts model={model} />
      <ModelCurves model={model} />
      <Sample files={model.files} />
      <Seen model={model} />
      <Files model={model} />
    </>
  );
}

function Files({ model }: { model: Model }) {
  const { run, problem } = useAction(async (name: string) => {
    const link = (await readModel(model.name)).files[name]; // a new link: the old one may be over
    if (link) save(link.url);
  });
  return (
    <section class="card">
      <h2>{texts.models.files}</h2>
      <ul class="model-files">
        {Object.entries(model.files).map(([name, link]) => (
          <li key={name} class="row">
            <button type="button" onClick={() => void run(name)}>
              {texts.models.download(name)}
            </button>
            <span class="hint">{bytes(link.bytes)}</span>
            {link.sha256 && <code class="hint">sha256 {link.sha256}</code>}
          </li>
        ))}
      </ul>
      {problem && <ProblemBox problem={problem} />}
    </section>
  );
}

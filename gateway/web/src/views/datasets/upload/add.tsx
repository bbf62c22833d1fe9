/** More cases for an open dataset, and what is on its way to it. */
import { useState } from "preact/hooks";
import { href } from "../../../router";
import { texts } from "../../../texts";
import { useLoaded } from "../../../ui/loaded";
import { Head, Loading, ProblemBox } from "../../../ui/parts";
import { type Dataset, readDataset } from "../read";
import { DropZone } from "./dropzone";
import { Found } from "./found";
import { useGivenCases } from "./given_cases";
import { startTransfer, transfers } from "./sending/current";
import { Sending } from "./sending/view";

export function AddCases({ id }: { id: string }) {
  const { data, problem, reload } = useLoaded((signal) => readDataset(id, signal), [id]);
  const transfer = transfers.value.get(id);
  if (problem && !data) return <ProblemBox problem={problem} retry={reload} />;
  if (!data) return <Loading />;
  return (
    <>
      <Head
        title={transfer ? texts.upload.sendingTitle : texts.upload.title}
        trail={<a href={href(["datasets", id])}>{data.name}</a>}
      />
      {transfer && <Sending transfer={transfer} />}
      {!transfer && data.state === "open" && <Add dataset={data} />}
      {!transfer && data.state !== "open" && <p class="notice">{texts.upload.notOpen}</p>}
    </>
  );
}

function Add({ dataset }: { dataset: Dataset }) {
  const [goOn, setGoOn] = useState(false);
  const [asked, setAsked] = useState(false);
  const given = useGivenCases(dataset.scheme);
  const { found } = given;
  const needsWord = !!found?.unfit.length && !goOn;
  const send = () => {
    setAsked(true);
    if (found && !needsWord) startTransfer(dataset.id, found.cases);
  };
  return (
    <div class="upload">
      <p>{texts.upload.resume}</p>
      <DropZone busy={given.busy} onGiven={given.take} />
      {found && (
        <Found
          survey={found}
          goOn={goOn}
          problem={asked && needsWord ? texts.upload.goOnMissing : undefined}
          onGoOn={setGoOn}
        />
      )}
      {found && found.cases.length > 0 && (
        <button type="button" class="main-button" disabled={given.busy} onClick={send}>
          {texts.upload.send(texts.common.cases(found.cases.length))}
        </button>
      )}
    </div>
  );
}

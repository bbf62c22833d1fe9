/** Files on their way: how far they are, what went wrong, and the next step. */
import { api, ok } from "../../../../api/client";
import { go, href } from "../../../../router";
import { texts } from "../../../../texts";
import { useAction } from "../../../../ui/action";
import { bytes, count, duration, percent } from "../../../../ui/numbers";
import { Bar, ProblemBox } from "../../../../ui/parts";
import { VirtualList } from "../../../../ui/virtual";
import { forgetTransfer } from "./current";
import type { Item, Transfer } from "./transfer";

export function Sending({ transfer }: { transfer: Transfer }) {
  void transfer.turn.value; // items are changed in place; this draws them anew
  const isRunning = transfer.state.value === "running";
  const items = sorted(transfer);
  return (
    <>
      <section class="card" aria-label={texts.upload.sendingTitle}>
        <Total transfer={transfer} />
        {isRunning ? (
          <button type="button" onClick={() => transfer.cancel()}>
            {texts.upload.cancel}
          </button>
        ) : (
          <After transfer={transfer} />
        )}
      </section>
      <h2>{texts.upload.fileList}</h2>
      <VirtualList
        rows={items}
        rowPx={52}
        label={texts.upload.fileList}
        keyOf={({ caseId, role }) => `${caseId}/${role}`}
      >
        {(item) => <FileRow item={item} />}
      </VirtualList>
    </>
  );
}

function Total({ transfer }: { transfer: Transfer }) {
  const { doneBytes, totalBytes, sentBytes } = transfer;
  const share = totalBytes ? doneBytes / totalBytes : 1;
  const seconds = (Date.now() - transfer.started) / 1000;
  const rate = sentBytes / Math.max(seconds, 1);
  const isRunning = transfer.state.value === "running";
  const said = texts.upload.progress(bytes(doneBytes), bytes(totalBytes), percent(share));
  return (
    <>
      <Bar done={doneBytes} total={totalBytes} label={texts.upload.sendingTitle} />
      <p>
        {said}
        {isRunning && rate > 0 && (
          <span class="hint">
            {" "}
            {texts.upload.speed(bytes(rate), duration((totalBytes - doneBytes) / rate))}
          </span>
        )}
      </p>
    </>
  );
}

/** What is to be done when nothing is on its way any more. */
function After({ transfer }: { transfer: Transfer }) {
  const id = transfer.dataset;
  const path = { dataset_id: id };
  const { run, busy, problem } = useAction(async () => {
    await ok(api.POST("/datasets/{dataset_id}/commit", { params: { path } }));
    forgetTransfer(id);
    go(href(["datasets", id]), true);
  });
  const failed = transfer.of("failed");
  if (transfer.state.value === "cancelled") {
    return (
      <div class="row" role="status">
        <p>{texts.upload.cancelled}</p>
        <button type="button" onClick={() => forgetTransfer(id)}>
          {texts.upload.again}
        </button>
      </div>
    );
  }
  if (failed.length > 0) {
    return (
      <div role="alert">
        <p>
          <strong>{texts.upload.failedTitle(count(failed.length))}</strong>
        </p>
        <div class="row">
          <button type="button" class="main-button" onClick={() => void transfer.run()}>
            {texts.upload.retry}
          </button>
          <button type="button" onClick={() => forgetTransfer(id)}>
            {texts.upload.again}
          </button>
        </div>
      </div>
    );
  }
  const sent = count(transfer.of("sent").length);
  const stored = count(transfer.of("stored").length);
  return (
    <>
      <p role="status">
        <strong>{texts.upload.doneTitle}</strong> {texts.upload.done(sent, stored)}
      </p>
      {problem && <ProblemBox problem={problem} />}
      <p class="hint">{texts.datasets.commitHint}</p>
      <div class="row">
        <button type="button" class="main-button" disabled={busy} onClick={() => void run()}>
          {texts.upload.commit}
        </button>
        <button type="button" onClick={() => forgetTransfer(id)}>
          {texts.upload.again}
        </button>
      </div>
    </>
  );
}

function FileRow({ item }: { item: Item }) {
  const name = `${item.caseId} ${item.role}`;
  return (
    <div class="file-row">
      <span>
        <strong>{item.caseId}</strong> {item.role}{" "}
        <span class="hint">
          {item.file.name}, {bytes(item.file.size)}
        </span>
      </span>
      <span class={`file-state file-${item.state}`}>
        {item.problem ?? texts.upload.fileStates[item.state]}
      </span>
      <Bar done={item.bytes} total={item.file.size} label={texts.upload.fileBar(name)} />
    </div>
  );
}

/** What needs the reader first, then what is on its way, then what waits, then what is done. */
function sorted(transfer: Transfer): readonly Item[] {
  return (["failed", "sending", "hashing", "waiting", "sent", "stored"] as const).flatMap((state) =>
    transfer.of(state),
  );
}

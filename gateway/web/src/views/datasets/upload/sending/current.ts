/** The transfers of this page. They go on while the reader looks at other views. */
import { effect, signal } from "@preact/signals";
import { api, ok } from "../../../../api/client";
import { session } from "../../../../api/session";
import type { FoundCase } from "../intake/outcomes";
import { Cancelled } from "./failures";
import { Hasher } from "./hash";
import { putFile } from "./put";
import { Transfer } from "./transfer";

/** By dataset. */
export const transfers = signal<ReadonlyMap<string, Transfer>>(new Map());

export function startTransfer(dataset: string, cases: readonly FoundCase[]): Transfer {
  const hasher = new Hasher();
  const transfer = new Transfer(dataset, cases, {
    digest: hasher.digest,
    register: (body) =>
      ok(
        api.POST("/datasets/{dataset_id}/cases", {
          params: { path: { dataset_id: dataset } },
          body,
        }),
      ),
    put: putFile,
    pause,
    close: hasher.close,
  });
  transfers.value = new Map([...transfers.value, [dataset, transfer]]);
  void transfer.run();
  return transfer;
}

export function forgetTransfer(dataset: string): void {
  transfers.value.get(dataset)?.tools.close();
  transfers.value = new Map([...transfers.value].filter(([name]) => name !== dataset));
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    stop.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new Cancelled());
    });
  });
}

// Whoever signs in next on this page sees nothing of what another sent.
effect(() => {
  if (session.value !== null) return;
  for (const transfer of transfers.peek().values()) transfer.cancel();
  transfers.value = new Map();
});

// A page that is closed while files are on their way is asked about first.
effect(() => {
  const isBusy = [...transfers.value.values()].some(({ state }) => state.value === "running");
  if (isBusy) addEventListener("beforeunload", warn);
  else removeEventListener("beforeunload", warn);
});

function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** One file to the store, by its presigned link. */
import { texts } from "../../../../texts";
import { Cancelled, LinkExpired, StoreRefused, StoreUnreachable } from "./failures";

/** After so long without a byte the connection counts as lost. */
const SILENT_MS = 120_000;

/**
 * Send a file; `onBytes` is told how many bytes of it are on their way. The link is signed for
 * exactly the file's size, which the browser itself writes into Content-Length.
 *
 * `fetch` does not tell how far an upload is, so this is an XMLHttpRequest.
 */
export function putFile(
  url: string,
  file: File,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const unreachable = () => reject(new StoreUnreachable(texts.upload.storeUnreachable));
    const giveUp = () => {
      unreachable();
      request.abort();
    };
    let silence = setTimeout(giveUp, SILENT_MS);
    request.open("PUT", url);
    request.upload.onprogress = ({ loaded }) => {
      clearTimeout(silence);
      silence = setTimeout(giveUp, SILENT_MS);
      onBytes(loaded);
    };
    request.onload = () => {
      const failure = failureOf(request.status);
      if (failure) reject(failure);
      else resolve();
    };
    request.onerror = unreachable;
    request.onabort = () => reject(new Cancelled());
    request.onloadend = () => {
      clearTimeout(silence);
      signal.removeEventListener("abort", stop);
    };
    signal.addEventListener("abort", stop);
    request.send(file.slice()); // a slice has no media type, so that none is sent
  });
}

function failureOf(status: number): Error | undefined {
  if (status < 300) return undefined;
  if (status === 403) return new LinkExpired(texts.upload.storeRefused(status));
  if (status >= 500 || status === 429) return new StoreUnreachable(texts.upload.storeUnreachable);
  return new StoreRefused(texts.upload.storeRefused(status));
}

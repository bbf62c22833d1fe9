/** Digest files beside the page: where the page is not served over TLS there is no crypto.subtle. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

export interface Ask {
  readonly id: number;
  readonly file: File;
}

export type Told =
  | { readonly id: number; readonly sha256: string }
  | { readonly id: number; readonly unreadable: true };

addEventListener("message", ({ data }: MessageEvent<Ask>) => {
  void digest(data.file).then(
    (hex) => postMessage({ id: data.id, sha256: hex } satisfies Told),
    () => postMessage({ id: data.id, unreadable: true } satisfies Told),
  );
});

/** Read the file in pieces, so that one of 4 GiB takes no more memory than a small one. */
async function digest(file: File): Promise<string> {
  const hash = sha256.create();
  const reader = file.stream().getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    hash.update(piece.value);
  }
  return bytesToHex(hash.digest());
}

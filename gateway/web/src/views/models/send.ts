/** Sends a checkpoint to the store: digested first, then put by its link. */
import { api, ok, Problem } from "../../api/client";
import { texts } from "../../texts";
import { Hasher } from "../datasets/upload/sending/hash";
import { putFile } from "../datasets/upload/sending/put";
import { once } from "./read";

/** How far a checkpoint is on its way. */
export interface Sent {
  readonly phase: "digest" | "send" | "import";
  readonly bytes: number;
  readonly total: number;
}

/**
 * Upload a checkpoint; give the upload's id. A file that is there already is not sent again.
 * Throws once `signal` is aborted.
 */
export async function sendCheckpoint(
  file: File,
  told: (sent: Sent) => void,
  signal: AbortSignal,
): Promise<string> {
  if (file.size === 0) throw new Problem(-1, "", texts.models.fileEmpty);
  told({ phase: "digest", bytes: 0, total: file.size });
  const sha256 = await digest(file);
  signal.throwIfAborted();
  const body = { scheme: "auto" as const, files: { checkpoint: { sha256, bytes: file.size } } };
  const params = { header: once() };
  const { id, files } = await ok(api.POST("/uploads", { body, params }));
  const url = files.checkpoint?.url;
  const send = (bytes: number) => told({ phase: "send", bytes, total: file.size });
  if (url) await putFile(url, file, send, signal);
  signal.throwIfAborted();
  return id;
}

async function digest(file: File): Promise<string> {
  const hasher = new Hasher();
  try {
    return await hasher.digest(file);
  } finally {
    hasher.close();
  }
}

/** The SHA-256 of files, from a worker of its own. */
import { texts } from "../../../../texts";
import { FileUnreadable } from "./failures";
import type { Ask, Told } from "./hash.worker";

interface Waiting {
  readonly resolve: (sha256: string) => void;
  readonly reject: (error: Error) => void;
}

export class Hasher {
  readonly #worker = new Worker(new URL("./hash.worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor() {
    this.#worker.addEventListener("message", ({ data }: MessageEvent<Told>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ("sha256" in data) waiting?.resolve(data.sha256);
      else waiting?.reject(new FileUnreadable(texts.upload.unreadable));
    });
  }

  readonly digest = (file: File): Promise<string> =>
    new Promise((resolve, reject) => {
      this.#last += 1;
      this.#waiting.set(this.#last, { resolve, reject });
      this.#worker.postMessage({ id: this.#last, file } satisfies Ask);
    });

  readonly close = (): void => this.#worker.terminate();
}

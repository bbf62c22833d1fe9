/**
 * The files of many cases on their way to the store.
 *
 * Two cases are in hand at a time: while the files of one are sent, those of the other are
 * digested. Posting a case again gives fresh links for what the store lacks, and none for what it
 * has; so an expired link and a reload of the page come to the same.
 */
import { signal } from "@preact/signals";
import { Problem, type Schemas } from "../../../../api/client";
import type { Role } from "../intake/names";
import type { FoundCase } from "../intake/outcomes";
import { Cancelled, LinkExpired, StoreUnreachable } from "./failures";
import { Slots } from "./slots";

export type NewCase = Schemas["NewCase"];
export type Targets = Readonly<Record<string, Schemas["UploadTarget"]>>;
export type FileState = "waiting" | "hashing" | "sending" | "sent" | "stored" | "failed";

/** One file, and how far it is. It is changed in place; `Transfer.turn` tells when to look. */
export interface Item {
  readonly caseId: string;
  readonly role: Role;
  readonly file: File;
  state: FileState;
  /** How many of its bytes are in the store or on their way. */
  bytes: number;
  problem?: string;
}

/** What a transfer does things with, so that tests can do without a browser. */
export interface Tools {
  readonly digest: (file: File) => Promise<string>;
  readonly register: (body: NewCase) => Promise<Targets>;
  readonly put: (
    url: string,
    file: File,
    onBytes: (bytes: number) => void,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly close: () => void;
}

const CASES_AT_ONCE = 2;
const FILES_AT_ONCE = 4;
const TRIES = 8;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const DRAWN_EVERY_MS = 200;

export class Transfer {
  readonly items: readonly Item[];
  readonly state = signal<"running" | "ended" | "cancelled">("running");
  /** Counts up when something has changed, at most five times a second. */
  readonly turn = signal(0);
  readonly started = Date.now();
  readonly #byCase: ReadonlyMap<string, readonly Item[]>;
  readonly #stop = new AbortController();
  readonly #slots = new Slots(FILES_AT_ONCE);
  readonly #digests = new Map<File, string>();
  #drawing: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly dataset: string,
    readonly cases: readonly FoundCase[],
    readonly tools: Tools,
  ) {
    const lists = cases.map((found) => [found.id, itemsOf(found)] as const);
    this.#byCase = new Map(lists);
    this.items = lists.flatMap(([, items]) => items);
  }

  get totalBytes(): number {
    return this.items.reduce((sum, { file }) => sum + file.size, 0);
  }

  get doneBytes(): number {
    return this.items.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Bytes that were really sent, without those that the store had. */
  get sentBytes(): number {
    return this.items.reduce((sum, { state, bytes }) => sum + (state === "stored" ? 0 : bytes), 0);
  }

  of(state: FileState): readonly Item[] {
    return this.items.filter((item) => item.state === state);
  }

  /** Send everything that is neither sent nor there already. It does not throw. */
  async run(): Promise<void> {
    this.state.value = "running";
    const waiting = this.cases.filter((found) => !this.#isDone(found));
    const work = async () => {
      for (let found = waiting.shift(); found; found = waiting.shift()) {
        if (this.#stop.signal.aborted) return;
        await this.#sendCase(found);
      }
    };
    await Promise.all(Array.from({ length: CASES_AT_ONCE }, work));
    this.state.value = this.#stop.signal.aborted ? "cancelled" : "ended";
    this.turn.value += 1;
  }

  cancel(): void {
    this.#stop.abort();
    this.tools.close();
    this.state.value = "cancelled";
  }

  async #sendCase(found: FoundCase): Promise<void> {
    const items = this.#byCase.get(found.id) ?? [];
    for (const item of items) this.#set(item, "waiting", 0);
    try {
      const body = await this.#describe(found, items);
      const links = new Links(() => this.#patiently(() => this.tools.register(body)));
      const targets = await links.get();
      await Promise.all(items.map((item) => this.#sendItem(item, targets, links)));
    } catch (error) {
      for (const item of items) this.#fail(item, error);
    }
  }

  async #describe(found: FoundCase, items: readonly Item[]): Promise<NewCase> {
    const files: NonNullable<NewCase["files"]> = {};
    for (const item of items) {
      this.#set(item, "hashing", 0);
      const sha256 = this.#digests.get(item.file) ?? (await this.tools.digest(item.file));
      this.#digests.set(item.file, sha256);
      files[item.role] = { sha256, bytes: item.file.size };
      this.#set(item, "waiting", 0);
    }
    const { id, patient, scheme } = found;
    return { id, files, ...(patient ? { patient } : {}), ...(scheme ? { scheme } : {}) };
  }

  async #sendItem(item: Item, targets: Targets, links: Links): Promise<void> {
    try {
      if (!targets[item.role]?.url) this.#set(item, "stored", item.file.size);
      else await this.#slots.run(() => this.#put(item, targets, links));
    } catch (error) {
      this.#fail(item, error);
    }
  }

  async #put(item: Item, first: Targets, links: Links): Promise<void> {
    let targets = first;
    await this.#patiently(async () => {
      const url = targets[item.role]?.url;
      if (!url) return; // it had arrived, though the answer was lost
      this.#set(item, "sending", 0);
      try {
        const { put } = this.tools;
        await put(url, item.file, (bytes) => this.#set(item, "sending", bytes), this.#stop.signal);
      } catch (error) {
        if (error instanceof LinkExpired) targets = await links.fresh(targets);
        throw error;
      }
    });
    this.#set(item, "sent", item.file.size);
  }

  /** Try again, with longer and longer pauses, what a server that answers again would do. */
  async #patiently<T>(act: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      if (this.#stop.signal.aborted) throw new Cancelled();
      try {
        return await act();
      } catch (error) {
        if (tried >= TRIES || !isPassing(error)) throw error;
        const pause = Math.min(FIRST_PAUSE_MS * 2 ** (tried - 1), LONGEST_PAUSE_MS);
        if (!(error instanceof LinkExpired)) await this.tools.pause(pause, this.#stop.signal);
      }
    }
  }

  #isDone({ id }: FoundCase): boolean {
    const items = this.#byCase.get(id) ?? [];
    return items.every(({ state }) => state === "sent" || state === "stored");
  }

  #set(item: Item, state: FileState, bytes: number): void {
    item.state = state;
    item.bytes = bytes;
    item.problem = undefined;
    this.#drawing ??= setTimeout(() => {
      this.#drawing = undefined;
      this.turn.value += 1;
    }, DRAWN_EVERY_MS);
  }

  #fail(item: Item, error: unknown): void {
    if (item.state === "sent" || item.state === "stored") return;
    const isCancelled = error instanceof Cancelled;
    this.#set(item, isCancelled ? "waiting" : "failed", 0);
    if (!isCancelled) item.problem = error instanceof Error ? error.message : String(error);
  }
}

/** The links of one case, which its files share. */
class Links {
  #latest: Promise<Targets> | undefined;
  #known: Targets | undefined;

  constructor(readonly register: () => Promise<Targets>) {}

  get(): Promise<Targets> {
    this.#latest ??= this.register().then((targets) => {
      this.#known = targets;
      return targets;
    });
    return this.#latest;
  }

  /** Ask for new links unless another file has done so since `old`. */
  fresh(old: Targets): Promise<Targets> {
    if (this.#known === old) {
      this.#known = undefined;
      this.#latest = undefined;
    }
    return this.get();
  }
}

function itemsOf(found: FoundCase): Item[] {
  return Object.entries(found.files).map(([role, file]) => ({
    caseId: found.id,
    role: role as Role,
    file,
    state: "waiting",
    bytes: 0,
  }));
}

/** Say whether it may be otherwise the next time. */
function isPassing(error: unknown): boolean {
  if (error instanceof Problem) return [0, 429, 502, 503, 504].includes(error.status);
  return error instanceof StoreUnreachable || error instanceof LinkExpired;
}

/** What the views of models ask of the API. */
import { api, ok, type Problem, type Schemas } from "../../api/client";

export const KINDS = ["generator", "segmenter", "start_weights"] as const;
export type Kind = (typeof KINDS)[number];

export const JOB_KINDS = ["model_training", "model_import", "model_export"] as const;

type Answer<T> = T extends { data?: infer Data } ? NonNullable<Data> : never;
export type Summary = Answer<Awaited<ReturnType<typeof askModels>>>["items"][number];
export type Model = Awaited<ReturnType<typeof readModel>>;
export type Job = Awaited<ReturnType<typeof readJob>>;
export type FileLinks = Readonly<Record<string, Schemas["FileLink"]>>;

function askModels(kind: Kind | undefined, cursor: string | undefined, signal: AbortSignal) {
  return api.GET("/models", { params: { query: { kind, cursor, limit: 200 } }, signal });
}

export function readModels(
  kind: Kind | undefined,
  cursor: string | undefined,
  signal: AbortSignal,
) {
  return ok(askModels(kind, cursor, signal));
}

export function readModel(name: string) {
  return ok(api.GET("/models/{model_id}", { params: { path: { model_id: name } } }));
}

export function readJob(id: string) {
  return ok(api.GET("/jobs/{job_id}", { params: { path: { job_id: id } } }));
}

/** Read the newest jobs that make or export models, newest first. */
export async function readJobs(): Promise<readonly string[]> {
  const pages = await Promise.all(
    JOB_KINDS.map((kind) => ok(api.GET("/jobs", { params: { query: { kind, limit: 10 } } }))),
  );
  return pages
    .flatMap(({ items }) => items)
    .sort((one, other) => other.created.localeCompare(one.created))
    .slice(0, 10)
    .map(({ id }) => id);
}

/** Whether a job still goes on. */
export function isLive({ state }: { readonly state: string }): boolean {
  return state === "queued" || state === "running" || state === "paused";
}

/** Give a new key for each request, so that a repeated one does nothing twice. */
export function once(): Record<string, string> {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID wants TLS
  return { "Idempotency-Key": Array.from(bytes, (byte) => byte.toString(16)).join("") };
}

/** Give the API's sentence for a field of the request, by JSON pointer. */
export function saidOf(problem: Problem | undefined, pointer: string): string | undefined {
  return problem?.errors.find((error) => error.pointer.startsWith(pointer))?.detail;
}

/** Leave what the fields `shown` do not say. */
export function unsaid(problem: Problem | undefined, shown: readonly string[]) {
  if (!problem) return undefined;
  const rest = problem.errors.filter(
    ({ pointer }) => !shown.some((each) => pointer.startsWith(each)),
  );
  return problem.errors.length > 0 && rest.length === 0 ? undefined : problem;
}

/** Save a file of the store; its link was asked for just before. */
export function save(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.rel = "noreferrer";
  link.download = "";
  link.click();
}

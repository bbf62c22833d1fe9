/**
 * The one way to the REST API. Calls are typed by `docs/openapi.json`; whatever goes wrong is a
 * `Problem` with a sentence for the reader.
 */
import createClient, { type Middleware } from "openapi-fetch";
import { texts } from "../texts";
import { asProblem, Problem } from "./problem";
import type { components, paths } from "./schema";
import { csrfToken, sessionEnded } from "./session";

export { type FieldProblem, Problem } from "./problem";

export type Schemas = components["schemas"];

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

const guard: Middleware = {
  onRequest({ request }) {
    const token = csrfToken();
    if (!SAFE.has(request.method) && token) request.headers.set("X-CSRF-Token", token);
    return request;
  },
  onResponse({ response }) {
    if (response.status === 401) sessionEnded();
    return response;
  },
  onError() {
    return new Problem(0, texts.problems.unreachableTitle, texts.problems.unreachable);
  },
};

/** `api.GET("/datasets/{dataset_id}", { params: { path: { dataset_id } } })`. */
export const api = createClient<paths>({ baseUrl: ".", credentials: "same-origin" });
api.use(guard);

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** Give the answer's body, or throw its `Problem`. */
export async function ok<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (error !== undefined || !response.ok) throw asProblem(error, response.status);
  return data as T;
}

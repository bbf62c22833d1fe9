/** Who is signed in. The key itself is sent once and kept nowhere; the cookie is not readable. */
import { signal } from "@preact/signals";
import { asProblem } from "./problem";

export interface Session {
  readonly client: string;
  readonly role: "admin" | "user";
  readonly scope: "monitor" | "score" | "run" | "admin";
  readonly csrf_token: string;
  readonly expires: string;
}

/** `undefined`: not asked yet. `null`: nobody is signed in. */
export const session = signal<Session | null | undefined>(undefined);

export function csrfToken(): string | undefined {
  return session.value?.csrf_token;
}

/** Told by any answer 401: the key was revoked, or the session's time is over. */
export function sessionEnded(): void {
  if (session.value) session.value = null;
}

export async function readSession(): Promise<void> {
  const response = await fetch("./session", { credentials: "same-origin" });
  session.value = response.ok ? ((await response.json()) as Session) : null;
}

/** Sign in; a refused key throws what the API says of it. */
export async function signIn(key: string): Promise<void> {
  const response = await fetch("./session", {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ key }),
  });
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw asProblem(body, response.status);
  session.value = body as Session;
}

export async function signOut(): Promise<void> {
  const token = csrfToken();
  await fetch("./session", {
    method: "DELETE",
    credentials: "same-origin",
    headers: token ? { "X-CSRF-Token": token } : {},
  });
  session.value = null;
}

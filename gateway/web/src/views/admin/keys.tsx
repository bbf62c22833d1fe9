/** Keys: make, replace, revoke. The text of a key is shown once. */
import { useState } from "preact/hooks";
import { api, ok, type Schemas } from "../../api/client";
import { texts } from "../../texts";
import { useAction } from "../../ui/action";
import { Confirm } from "../../ui/confirm";
import { useLoaded } from "../../ui/loaded";
import { type Pages, usePages } from "../../ui/pages";
import { Empty, Loading, ProblemBox, Time } from "../../ui/parts";
import { Issued } from "./issued";

type Key = Schemas["KeyBody"];

export function Keys() {
  const [issued, setIssued] = useState<string>();
  const keys = usePages<Key>(
    (cursor, signal) =>
      ok(api.GET("/admin/keys", { params: { query: { limit: 100, cursor } }, signal })),
    [],
  );
  const made = (key: string) => {
    setIssued(key);
    keys.reload();
  };
  return (
    <>
      {issued && <Issued key={issued} text={issued} onClose={() => setIssued(undefined)} />}
      <NewKey onMade={made} />
      <KeyTable keys={keys} onMade={made} />
    </>
  );
}

function NewKey({ onMade }: { onMade: (key: string) => void }) {
  const clients = useLoaded(
    (signal) => ok(api.GET("/admin/clients", { params: { query: { limit: 100 } }, signal })),
    [],
  );
  const { run, busy, problem } = useAction(async (form: HTMLFormElement) => {
    const asked = new FormData(form);
    const expires = String(asked.get("expires"));
    const body = {
      client: String(asked.get("client")),
      label: String(asked.get("label")),
      scope: (String(asked.get("scope")) || null) as Schemas["Scope"] | null,
      expires: expires ? new Date(expires).toISOString() : null,
    };
    onMade((await ok(api.POST("/admin/keys", { body }))).key);
    form.reset();
  });
  const submit = (event: Event) => {
    event.preventDefault();
    void run(event.currentTarget as HTMLFormElement);
  };
  return (
    <details class="card">
      <summary>{texts.admin.newKey}</summary>
      <form class="admin-filters" onSubmit={submit}>
        <label>
          {texts.admin.client}
          <select name="client" required>
            {clients.data?.items.map((client) => (
              <option key={client.id}>{client.name}</option>
            ))}
          </select>
        </label>
        <label>
          {texts.admin.scope}
          <select name="scope">
            <option value="">{texts.admin.scopeUsual}</option>
            {Object.entries(texts.admin.scopes).map(([scope, name]) => (
              <option key={scope} value={scope}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {texts.admin.label}
          <input name="label" maxLength={200} />
        </label>
        <label>
          {texts.admin.expires}
          <input name="expires" type="datetime-local" />
        </label>
        <button type="submit" class="main-button" disabled={busy}>
          {texts.admin.makeKey}
        </button>
      </form>
      {problem && <ProblemBox problem={problem} />}
    </details>
  );
}

function KeyTable({ keys, onMade }: { keys: Pages<Key>; onMade: (key: string) => void }) {
  if (keys.problem) return <ProblemBox problem={keys.problem} retry={keys.reload} />;
  if (keys.loading && keys.rows.length === 0) return <Loading />;
  if (keys.rows.length === 0) return <Empty title={texts.admin.noKeys} />;
  return (
    <div class="card scroll-x">
      <table>
        <thead>
          <tr>
            <th>{texts.admin.client}</th>
            <th>{texts.admin.label}</th>
            <th>{texts.admin.scope}</th>
            <th>{texts.common.state}</th>
            <th>{texts.common.created}</th>
            <th>{texts.admin.expires}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {keys.rows.map((key) => (
            <KeyRow key={key.id} of={key} onChanged={keys.reload} onMade={onMade} />
          ))}
        </tbody>
      </table>
      {!keys.complete && (
        <button type="button" onClick={keys.more}>
          {texts.common.more}
        </button>
      )}
    </div>
  );
}

interface KeyRowProps {
  readonly of: Key;
  readonly onChanged: () => void;
  readonly onMade: (key: string) => void;
}

function KeyRow({ of: key, onChanged, onMade }: KeyRowProps) {
  return (
    <tr>
      <td>{key.client}</td>
      <td>{key.label}</td>
      <td>{texts.admin.scopes[key.scope]}</td>
      <td>
        <span class={`state state-${key.state === "active" ? "ready" : "withdrawn"}`}>
          {texts.admin.keyStates[key.state]}
        </span>
      </td>
      <td>
        <Time at={key.created} />
      </td>
      <td>{key.expires ? <Time at={key.expires} /> : texts.admin.never}</td>
      <td>
        {key.state === "active" && <KeyActions of={key} onChanged={onChanged} onMade={onMade} />}
      </td>
    </tr>
  );
}

function KeyActions({ of: key, onChanged, onMade }: KeyRowProps) {
  const [asked, setAsked] = useState<"revoke" | "rotate">();
  const path = { key_id: key.id };
  const name = key.label || key.id;
  const acts = {
    revoke: async () => {
      await ok(api.DELETE("/admin/keys/{key_id}", { params: { path } }));
      onChanged();
    },
    rotate: async () => {
      onMade((await ok(api.POST("/admin/keys/{key_id}/rotate", { params: { path } }))).key);
    },
  };
  return (
    <div class="row">
      <button type="button" onClick={() => setAsked("rotate")}>
        {texts.admin.rotate}
      </button>
      <button type="button" class="danger-button" onClick={() => setAsked("revoke")}>
        {texts.admin.revoke}
      </button>
      {asked && (
        <Confirm
          title={texts.admin[asked]}
          verb={texts.admin[asked]}
          act={acts[asked]}
          onClose={() => setAsked(undefined)}
        >
          <p>{asked === "revoke" ? texts.admin.revokeAsk(name) : texts.admin.rotateAsk(name)}</p>
        </Confirm>
      )}
    </div>
  );
}

/** Keys: make, replace, revoke. The text of a key is shown once. */
import { useState } from "preact/hooks";
import { api, ok, type Schemas } from "../../api/client";
import { texts } from "../../texts";
import { useAction, useForm } from "../../ui/action";
import { Dialog } from "../../ui/dialog";
import { useLoaded } from "../../ui/loaded";
import { type Pages, usePages } from "../../ui/pages";
import { Empty, Loading, ProblemBox, Time } from "../../ui/parts";
import { DataTable } from "../../ui/table";
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
  const { onSubmit, busy, problem } = useForm(async (asked) => {
    const expires = String(asked.get("expires"));
    const body = {
      client: String(asked.get("client")),
      label: String(asked.get("label")),
      scope: (String(asked.get("scope")) || null) as Schemas["Scope"] | null,
      expires: expires ? new Date(expires).toISOString() : null,
    };
    onMade((await ok(api.POST("/admin/keys", { body }))).key);
  });
  return (
    <details class="card">
      <summary>{texts.admin.newKey}</summary>
      <form class="admin-filters" onSubmit={onSubmit}>
        <label>
          {texts.admin.client}
          <input name="client" list="clients" required maxLength={100} autocomplete="off" />
          {/* A help for typing: there may be more clients than are listed. */}
          <datalist id="clients">
            {clients.data?.items.map((client) => (
              <option key={client.id} value={client.name} />
            ))}
          </datalist>
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
    <div class="card">
      <DataTable
        caption={texts.admin.parts.keys}
        columns={[
          { label: texts.admin.client },
          { label: texts.admin.label },
          { label: texts.admin.scope },
          { label: texts.common.state },
          { label: texts.common.created },
          { label: texts.admin.expires },
          { label: texts.admin.actions },
        ]}
        rows={keys.rows.map((key) => cellsOf(key, keys.reload, onMade))}
      />
      {!keys.complete && (
        <button type="button" onClick={keys.more}>
          {texts.common.more}
        </button>
      )}
    </div>
  );
}

interface KeyActionsProps {
  readonly of: Key;
  readonly onChanged: () => void;
  readonly onMade: (key: string) => void;
}

function cellsOf(key: Key, onChanged: () => void, onMade: (key: string) => void) {
  return [
    key.client,
    key.label,
    texts.admin.scopes[key.scope],
    <span class={`state state-${key.state === "active" ? "ready" : "withdrawn"}`}>
      {texts.admin.keyStates[key.state]}
    </span>,
    <Time at={key.created} />,
    key.expires ? <Time at={key.expires} /> : texts.admin.never,
    key.state === "active" && <KeyActions of={key} onChanged={onChanged} onMade={onMade} />,
  ];
}

function KeyActions({ of: key, onChanged, onMade }: KeyActionsProps) {
  const [asked, setAsked] = useState<"revoke" | "rotate">();
  const { run, busy, problem, forget } = useAction(async (what: "revoke" | "rotate") => {
    const params = { path: { key_id: key.id } };
    if (what === "rotate") {
      onMade((await ok(api.POST("/admin/keys/{key_id}/rotate", { params }))).key);
    } else {
      await ok(api.DELETE("/admin/keys/{key_id}", { params }));
      onChanged();
    }
    setAsked(undefined);
  });
  const close = () => {
    forget();
    setAsked(undefined);
  };
  const name = key.label || key.id;
  return (
    <div class="row">
      <button type="button" onClick={() => setAsked("rotate")}>
        {texts.admin.rotate}
      </button>
      <button type="button" class="danger-button" onClick={() => setAsked("revoke")}>
        {texts.admin.revoke}
      </button>
      {asked && (
        <Dialog
          title={texts.admin[asked]}
          act={texts.admin[asked]}
          keep={texts.common.cancel}
          danger
          busy={busy}
          problem={problem}
          onAct={() => void run(asked)}
          onClose={close}
        >
          <p>{asked === "revoke" ? texts.admin.revokeAsk(name) : texts.admin.rotateAsk(name)}</p>
        </Dialog>
      )}
    </div>
  );
}

/** Clients and their limits. */
import { useState } from "preact/hooks";
import { api, ok, type Schemas } from "../../api/client";
import { texts } from "../../texts";
import { useForm } from "../../ui/action";
import { usePages } from "../../ui/pages";
import { Empty, Loading, ProblemBox, Time } from "../../ui/parts";
import { Issued } from "./issued";

type Client = Schemas["ClientBody"];

const GIGABYTE = 1e9;

export function Clients() {
  const [issued, setIssued] = useState<string>();
  const clients = usePages<Client>(
    (cursor, signal) =>
      ok(api.GET("/admin/clients", { params: { query: { limit: 100, cursor } }, signal })),
    [],
  );
  const made = (key: string) => {
    setIssued(key);
    clients.reload();
  };
  if (clients.problem) return <ProblemBox problem={clients.problem} retry={clients.reload} />;
  return (
    <>
      {issued && <Issued key={issued} text={issued} onClose={() => setIssued(undefined)} />}
      <NewClient onMade={made} />
      {clients.loading && clients.rows.length === 0 && <Loading />}
      {clients.complete && clients.rows.length === 0 && <Empty title={texts.admin.noClients} />}
      {clients.rows.map((client) => (
        <ClientCard key={client.id} of={client} onChanged={clients.reload} />
      ))}
      {!clients.complete && !clients.loading && (
        <button type="button" onClick={clients.more}>
          {texts.common.more}
        </button>
      )}
    </>
  );
}

function NewClient({ onMade }: { onMade: (key: string) => void }) {
  const { onSubmit, busy, problem } = useForm(async (asked) => {
    const body = {
      name: String(asked.get("name")),
      role: String(asked.get("role")) as Schemas["Role"],
    };
    onMade((await ok(api.POST("/admin/clients", { body }))).key.key);
  });
  return (
    <details class="card">
      <summary>{texts.admin.newClient}</summary>
      <form class="admin-filters" onSubmit={onSubmit}>
        <label>
          {texts.common.name}
          <input name="name" required maxLength={100} />
        </label>
        <label>
          {texts.admin.role}
          <select name="role">
            <option value="user">{texts.admin.roles.user}</option>
            <option value="admin">{texts.admin.roles.admin}</option>
          </select>
        </label>
        <button type="submit" class="main-button" disabled={busy}>
          {texts.admin.addClient}
        </button>
      </form>
      {problem && <ProblemBox problem={problem} />}
    </details>
  );
}

function ClientCard({ of: client, onChanged }: { of: Client; onChanged: () => void }) {
  const { onSubmit, busy, problem } = useForm(async (asked) => {
    const whole = (name: string, times = 1) => {
      const text = String(asked.get(name)).trim();
      return text === "" ? null : Math.round(Number(text) * times);
    };
    const body = {
      max_running_steps: whole("steps"),
      max_stored_bytes: whole("gigabytes", GIGABYTE),
      max_requests_per_minute: whole("requests"),
    };
    const path = { client_id: client.id };
    await ok(api.PATCH("/admin/clients/{client_id}", { params: { path }, body }));
    onChanged();
  });
  const stored = client.max_stored_bytes;
  return (
    <section class="card" aria-label={client.name}>
      <h2>{client.name}</h2>
      <p class="hint">
        {texts.admin.roles[client.role]} · {texts.common.created} <Time at={client.created} />
      </p>
      <form
        class="admin-filters limits"
        aria-label={texts.admin.limitsOf(client.name)}
        onSubmit={onSubmit}
      >
        <Limit
          name="steps"
          label={texts.admin.runningSteps}
          value={client.max_running_steps}
          min={1}
        />
        <Limit
          name="gigabytes"
          label={texts.admin.storedGigabytes}
          value={stored === null ? null : stored / GIGABYTE}
          min={0}
        />
        <Limit
          name="requests"
          label={texts.admin.requestsPerMinute}
          value={client.max_requests_per_minute}
          min={1}
        />
        <button type="submit" disabled={busy}>
          {texts.admin.saveLimits}
        </button>
      </form>
      {problem && <ProblemBox problem={problem} />}
    </section>
  );
}

interface LimitProps {
  readonly name: string;
  readonly label: string;
  readonly value: number | null;
  readonly min: number;
}

function Limit({ name, label, value, min }: LimitProps) {
  return (
    <label>
      {label}
      <input
        name={name}
        type="number"
        min={min}
        step="any"
        defaultValue={value === null ? "" : String(value)}
        placeholder={texts.admin.noLimit}
      />
    </label>
  );
}

/** What each client stores and has computed in a time. */
import { useState } from "preact/hooks";
import { api, ok, type Schemas } from "../../api/client";
import { texts } from "../../texts";
import { useLoaded } from "../../ui/loaded";
import { bytes, count, number } from "../../ui/numbers";
import { Empty, Loading, ProblemBox } from "../../ui/parts";
import { DataTable } from "../../ui/table";

export function Usage() {
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");
  const query = { since: instant(since), until: instant(until) };
  const { data, problem, reload } = useLoaded(
    (signal) => ok(api.GET("/admin/usage", { params: { query }, signal })),
    [since, until],
  );
  return (
    <>
      <div class="admin-filters">
        <Day label={texts.admin.from} value={since} onChange={setSince} />
        <Day label={texts.admin.until} value={until} onChange={setUntil} />
      </div>
      {problem && <ProblemBox problem={problem} retry={reload} />}
      {!data && !problem && <Loading />}
      {data && data.clients.length === 0 && <Empty title={texts.admin.noUsage} />}
      {data && data.clients.length > 0 && <UsageTable clients={data.clients} />}
    </>
  );
}

interface DayProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (day: string) => void;
}

function Day({ label, value, onChange }: DayProps) {
  return (
    <label>
      {label}
      <input type="date" value={value} onChange={(event) => onChange(event.currentTarget.value)} />
    </label>
  );
}

/** Make a point in time of a day: its beginning in the reader's zone. */
function instant(day: string): string | undefined {
  return day ? new Date(`${day}T00:00`).toISOString() : undefined;
}

function UsageTable({ clients }: { clients: readonly Schemas["ClientUsage"][] }) {
  return (
    <div class="card">
      <DataTable
        caption={texts.admin.parts.usage}
        columns={[
          { label: texts.admin.client },
          { label: texts.admin.steps, numeric: true },
          { label: texts.admin.deviceHours, numeric: true },
          { label: texts.admin.uploaded, numeric: true },
          { label: texts.admin.computed, numeric: true },
        ]}
        rows={clients.map((usage) => [
          usage.client ?? texts.admin.unknownClient,
          count(usage.steps),
          number(usage.device_hours),
          bytes(usage.uploaded_bytes),
          bytes(usage.computed_bytes),
        ])}
      />
    </div>
  );
}

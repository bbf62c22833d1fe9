/** The audit trail: who changed what, newest first, page by page. */
import { useState } from "preact/hooks";
import { api, ok, type Schemas } from "../../api/client";
import { texts } from "../../texts";
import { usePages } from "../../ui/pages";
import { Empty, Loading, ProblemBox, Time } from "../../ui/parts";
import { VirtualList } from "../../ui/virtual";

type Entry = Schemas["AuditEntry"];

interface Filter {
  readonly action?: string;
  readonly client?: string;
  readonly target?: string;
}

const ROW_PX = 68;

export function AuditTrail() {
  const [filter, setFilter] = useState<Filter>({});
  const entries = usePages<Entry>(
    (cursor, signal) =>
      ok(api.GET("/admin/audit", { params: { query: { limit: 100, cursor, ...filter } }, signal })),
    [filter],
  );
  return (
    <>
      <Filters onFilter={setFilter} />
      {entries.problem && <ProblemBox problem={entries.problem} retry={entries.reload} />}
      {entries.loading && entries.rows.length === 0 && <Loading />}
      {entries.complete && entries.rows.length === 0 && <Empty title={texts.admin.noAudit} />}
      {entries.rows.length > 0 && (
        <VirtualList
          rows={entries.rows}
          rowPx={ROW_PX}
          label={texts.admin.parts.audit}
          keyOf={(entry) => String(entry.id)}
          onEnd={entries.more}
        >
          {(entry) => <AuditRow entry={entry} />}
        </VirtualList>
      )}
    </>
  );
}

function Filters({ onFilter }: { onFilter: (filter: Filter) => void }) {
  const submit = (event: Event) => {
    event.preventDefault();
    const asked = new FormData(event.currentTarget as HTMLFormElement);
    const given = [...asked].filter(([, value]) => String(value).trim() !== "");
    onFilter(Object.fromEntries(given.map(([name, value]) => [name, String(value).trim()])));
  };
  return (
    <form class="admin-filters" onSubmit={submit}>
      <label>
        {texts.admin.client}
        <input name="client" />
      </label>
      <label>
        {texts.admin.action}
        <input name="action" placeholder={texts.admin.anyAction} />
      </label>
      <label>
        {texts.admin.target}
        <input name="target" placeholder={texts.admin.anyTarget} />
      </label>
      <button type="submit">{texts.admin.filter}</button>
    </form>
  );
}

function AuditRow({ entry }: { entry: Entry }) {
  const detail = Object.entries(entry.detail).map(([name, value]) => `${name}: ${String(value)}`);
  return (
    <div class="audit-row">
      <div>
        <strong>{entry.action}</strong> <code>{entry.target}</code>
      </div>
      <div class="hint">
        <Time at={entry.at} /> · {entry.client ?? texts.admin.operator}
        {detail.length > 0 && ` · ${detail.join(", ")}`}
      </div>
    </div>
  );
}

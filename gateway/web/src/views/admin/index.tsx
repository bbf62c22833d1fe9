/** What an administrator sees: keys, clients, workers and queues, usage, and who changed what. */
import { session } from "../../api/session";
import { href, type Route } from "../../router";
import { texts } from "../../texts";
import { Empty, Head } from "../../ui/parts";
import { AuditTrail } from "./audit";
import { Clients } from "./clients";
import { Keys } from "./keys";
import { Usage } from "./usage";
import { WorkersView } from "./workers";
import "./admin.css";

const PARTS = {
  keys: Keys,
  clients: Clients,
  workers: WorkersView,
  usage: Usage,
  audit: AuditTrail,
} as const;

type Part = keyof typeof PARTS;

export function Admin({ route }: { route: Route }) {
  const asked = route.parts[1] ?? "keys";
  const part: Part = asked in PARTS ? (asked as Part) : "keys";
  const Shown = PARTS[part];
  if (session.value?.scope !== "admin") return <Empty title={texts.admin.onlyAdmins} />;
  return (
    <>
      <Head title={texts.admin.title} />
      <nav class="admin-tabs" aria-label={texts.admin.tabs}>
        {(Object.keys(PARTS) as Part[]).map((name) => (
          <a
            key={name}
            href={href(["admin", name])}
            aria-current={name === part ? "page" : undefined}
          >
            {texts.admin.parts[name]}
          </a>
        ))}
      </nav>
      <Shown />
    </>
  );
}

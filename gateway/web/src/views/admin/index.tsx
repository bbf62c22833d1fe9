import type { Route } from "../../router";
import { texts } from "../../texts";
import { Head } from "../../ui/parts";

export function Admin({ route: _ }: { route: Route }) {
  return <Head title={texts.admin.title} />;
}

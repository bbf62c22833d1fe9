import type { Route } from "../../router";
import { texts } from "../../texts";
import { Head } from "../../ui/parts";

export function Trust({ route: _ }: { route: Route }) {
  return <Head title={texts.trust.title} />;
}

/** The page: who is signed in, where one is, and the view that the address names. */
import { useEffect, useRef } from "preact/hooks";
import { readSession, session } from "./api/session";
import { type Route, useRoute } from "./router";
import { Shell } from "./shell";
import { texts } from "./texts";
import { Empty, Loading } from "./ui/parts";
import { Admin } from "./views/admin";
import { Compare } from "./views/compare";
import { Datasets } from "./views/datasets";
import { Experiments } from "./views/experiments";
import { Models } from "./views/models";
import { SignIn } from "./views/signin";
import { Trust } from "./views/trust";
import { Viewer } from "./views/viewer";

export function App() {
  const route = useRoute();
  useEffect(() => {
    readSession().catch(() => {
      session.value = null;
    });
  }, []);
  if (session.value === undefined) return <Loading />;
  if (session.value === null) return <SignIn />;
  return (
    <Shell route={route} session={session.value}>
      <View route={route} />
    </Shell>
  );
}

const VIEWS: Readonly<Record<string, (props: { route: Route }) => preact.JSX.Element>> = {
  experiments: Experiments,
  datasets: Datasets,
  models: Models,
  compare: Compare,
  trust: Trust,
  admin: Admin,
  viewer: Viewer,
};

function View({ route }: { route: Route }) {
  const name = route.parts[0] ?? "experiments";
  const Shown = VIEWS[name];
  const path = route.parts.join("/");
  const first = useRef(true);
  useEffect(() => {
    document.title = `${(texts.nav as unknown as Record<string, string>)[name] ?? ""} · ${texts.product.name}`;
    // A reader who chose a tab stays on it; every other way leads to the head of a new view.
    const onTab = document.activeElement?.matches('[role="tab"]');
    if (!first.current && !onTab) document.querySelector<HTMLElement>("h1")?.focus();
    first.current = false;
  }, [path]);
  if (!Shown) {
    return (
      <Empty title={texts.problems.notFoundTitle}>
        <p>{texts.problems.notFound}</p>
      </Empty>
    );
  }
  return <Shown route={route} />;
}

/** Compare two to six experiments: their settings, their factors, and paired differences. */
import { href, type Route } from "../../router";
import { texts } from "../../texts";
import { lazy } from "../../ui/lazy";
import { Head } from "../../ui/parts";
import { isComparable, parseIds } from "./ids";
import { Picker } from "./picker";
import "./compare.css";

const Compared = lazy(async () => (await import("./answer")).Compared); // brings the charts

export function Compare({ route }: { route: Route }) {
  const ids = parseIds(route.query);
  const asked = ids.join(",");
  const picking = route.query.has("choose") || !isComparable(ids);
  return (
    <>
      <Head title={texts.compare.title}>
        {!picking && (
          <a class="button" href={href(["compare"], { ids: asked, choose: "" })}>
            {texts.compare.another}
          </a>
        )}
      </Head>
      {picking && ids.length > 0 && !isComparable(ids) && <p class="notice">{texts.compare.odd}</p>}
      {picking ? <Picker key={asked} known={ids} /> : <Compared key={asked} ids={ids} />}
    </>
  );
}

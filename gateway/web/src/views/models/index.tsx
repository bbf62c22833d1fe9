/** Models: what there is, what each has seen, and how it came to be. */
import type { Route } from "../../router";
import { ImportModel } from "./import";
import { ModelList } from "./list";
import { OneModel } from "./one";
import { TrainModel } from "./train";
import "./models.css";

/** `#/models`, `#/models?add=import`, `#/models?add=train`, `#/models/NAME`. */
export function Models({ route }: { route: Route }) {
  const name = route.parts[1];
  if (name) return <OneModel key={name} name={name} />;
  const add = route.query.get("add");
  if (add === "import") return <ImportModel />;
  if (add === "train") return <TrainModel />;
  return <ModelList kind={route.query.get("kind") ?? ""} />;
}

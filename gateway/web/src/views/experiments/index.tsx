/** Experiments: the list, the request of a new one, and one from its request to its results. */
import type { Route } from "../../router";
import { ExperimentList } from "./list";
import { NewExperiment } from "./request";
import { OneExperiment } from "./run";
import "./experiments.css";

export function Experiments({ route }: { route: Route }) {
  const [, id, tab] = route.parts;
  if (id === undefined) return <ExperimentList query={route.query} />;
  if (id === "new") return <NewExperiment dataset={route.query.get("dataset") ?? ""} />;
  return <OneExperiment key={id} id={id} tab={tab} />;
}

/** Datasets: the list, one of them, a new one, and more cases for an open one. */
import type { Route } from "../../router";
import { DatasetView } from "./dataset";
import { DatasetList } from "./list";
import { AddCases } from "./upload/add";
import { NewDataset } from "./upload/new";
import "./datasets.css";
import "./upload/upload.css";

/** `#/datasets`, `#/datasets/new`, `#/datasets/ID`, `#/datasets/ID/upload`. */
export function Datasets({ route }: { route: Route }) {
  const [, id, part] = route.parts;
  if (id === undefined) return <DatasetList />;
  if (id === "new") return <NewDataset />;
  if (part === "upload") return <AddCases key={id} id={id} />;
  return <DatasetView key={id} id={id} />;
}

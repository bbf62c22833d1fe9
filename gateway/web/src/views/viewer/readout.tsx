/** Where the cursor is, and what each image holds there. */
import { texts } from "../../texts";
import { number } from "../../ui/numbers";
import type { Choice } from "./choice";
import { REGIONS } from "./data/geometry";
import type { Images } from "./data/images";
import type { Subject } from "./data/sources";
import { type Intensities, toZ } from "./data/zscores";
import { titleOf } from "./panes";
import type { Place } from "./stage";

interface ReadoutProps {
  readonly subject: Subject;
  readonly place: Place | undefined;
  readonly images: Images;
  readonly choice: Choice;
}

export function Readout({ subject, place, images, choice }: ReadoutProps) {
  if (!place) return <p class="readout" />;
  const [real, twin, difference] = place.values;
  const { scored } = images;
  const said = [
    texts.viewer.at(place.voxel, place.shape),
    texts.viewer.valueOf(titleOf("real", subject), inZ(real, scored.real)),
  ];
  if (scored.twin) {
    said.push(
      texts.viewer.valueOf(texts.viewer.panes.twin, inZ(twin, scored.twin)),
      texts.viewer.valueOf(texts.viewer.panes.difference, number(difference, 2)),
    );
  }
  const regions = place.labels.slice(0, 2).map(nameOf);
  if (choice.overlay === "mask") said.push(regions[0] ?? texts.viewer.noRegion);
  if (choice.overlay === "prediction") {
    said.push(...regions.map((name) => name ?? texts.viewer.noRegion));
  }
  return (
    <p class="readout" role="status">
      {said.join(" · ")}
    </p>
  );
}

function inZ(value: number | undefined, scale: Intensities): string {
  return value === undefined ? "–" : number(toZ(value, scale), 2);
}

function nameOf(value: number | undefined): string | undefined {
  return REGIONS.find((region) => region.value === Math.round(value ?? 0))?.name;
}

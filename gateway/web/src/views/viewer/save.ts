/** A picture of what is seen, with the words that stand on it. */
import { texts } from "../../texts";
import { save } from "../../ui/save";
import type { Choice } from "./choice";
import type { Subject } from "./data/sources";
import { markOf, type PaneName, titleOf } from "./panes";
import type { Stage } from "./stage";

const TYPE_PX = 14; // at one device pixel per CSS pixel

/** Draw the canvases into one picture, write on each what it is, and hand it to the reader. */
export function keepPicture(
  stage: Stage,
  names: readonly PaneName[],
  subject: Subject,
  choice: Choice,
): void {
  const picture = stage.draw((canvases) =>
    choice.sliding && canvases.length > 1
      ? drawOver(canvases, subject, choice)
      : drawBeside(canvases, names, subject, choice),
  );
  picture.toBlob((blob) => blob && save(`${subject.caseId}_${choice.modality}.png`, blob));
}

function drawBeside(
  canvases: readonly HTMLCanvasElement[],
  names: readonly PaneName[],
  subject: Subject,
  choice: Choice,
): HTMLCanvasElement {
  const width = canvases.reduce((sum, each) => sum + each.width, 0);
  const made = blank(width, Math.max(...canvases.map((each) => each.height)));
  let left = 0;
  canvases.forEach((canvas, at) => {
    made.context.drawImage(canvas, left, 0);
    write(made.context, left, left + canvas.width, names[at] ?? "real", subject, choice);
    left += canvas.width;
  });
  return made.picture;
}

function drawOver(
  [real, twin]: readonly HTMLCanvasElement[],
  subject: Subject,
  choice: Choice,
): HTMLCanvasElement {
  const { width = 1, height = 1 } = real ?? {};
  const made = blank(width, height);
  const at = Math.round(width * choice.divider);
  if (real) made.context.drawImage(real, 0, 0);
  if (twin && at < width) {
    made.context.drawImage(twin, at, 0, width - at, height, at, 0, width - at, height);
  }
  write(made.context, 0, at, "real", subject, choice);
  write(made.context, at, width, "twin", subject, choice);
  return made.picture;
}

function blank(width: number, height: number) {
  const picture = document.createElement("canvas");
  picture.width = width;
  picture.height = height;
  const context = picture.getContext("2d") as CanvasRenderingContext2D;
  context.fillStyle = "black";
  context.fillRect(0, 0, width, height);
  return { picture, context };
}

/** Write between `left` and `right` what the image is; what is no patient's stands out. */
function write(
  context: CanvasRenderingContext2D,
  left: number,
  right: number,
  name: PaneName,
  subject: Subject,
  { modality }: Choice,
): void {
  const size = TYPE_PX * devicePixelRatio;
  context.font = `700 ${size}px sans-serif`;
  context.textBaseline = "top";
  const title = `${texts.viewer.modalities[modality]} · ${titleOf(name, subject)}`;
  context.fillStyle = "white";
  context.fillText(title, left + size / 2, size / 2, right - left);
  const mark = markOf(name, subject);
  if (!mark) return;
  const wide = Math.min(context.measureText(mark).width, right - left);
  context.fillStyle = "#ffd8b8";
  context.fillRect(left + size / 4, size * 1.75, wide + size / 2, size * 1.5);
  context.fillStyle = "#5c2500";
  context.fillText(mark, left + size / 2, size * 2, right - left);
}

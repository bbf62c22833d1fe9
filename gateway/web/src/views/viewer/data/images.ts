/** Reads images by NiiVue's loader, checks that they lie on one grid, and has them scored. */
import type { NVImage } from "@niivue/niivue";
import { Problem } from "../../../api/client";
import { texts } from "../../../texts";
import { describeGrid, sameGrid, type Triple, type Volume } from "./geometry";
import type { Modality, Shelf, Source, TestSet } from "./sources";
import { predictionShelf } from "./sources";
import type { Scored } from "./zscores";
import type { Answered, Asked } from "./zscores.worker";

/** An image as the viewer draws it and as numbers. */
export interface Picture extends Volume {
  readonly bytes: ArrayBuffer;
  readonly name: string;
}

/** Everything of one case in one modality. */
export interface Images {
  readonly real: Picture;
  readonly twin: Picture | null;
  readonly difference: Picture | null;
  readonly mask: Picture;
  readonly scored: Scored;
}

/** NiiVue is large: it is fetched with the first image. */
export function loadNiivue(): Promise<typeof import("@niivue/niivue")> {
  return import("@niivue/niivue");
}

/** Load one modality of a case and of its twin, if there is one. */
export async function loadImages(
  { caseId, files, twins }: Source,
  modality: Modality,
  twinNumber: number,
): Promise<Images> {
  const drawn = twins.get(twinNumber);
  const twinName = `${caseId}_synthetic-${twinNumber}_${modality}.nii.gz`;
  const [real, mask, brain, twin] = await Promise.all([
    read(files, `${caseId}_${modality}.nii.gz`),
    read(files, `${caseId}_labels.nii.gz`),
    read(files, `${caseId}_brain.nii.gz`),
    drawn ? read(drawn, twinName) : null,
  ]);
  for (const other of [mask, brain, twin]) if (other) refuseOtherGrid(real, other);
  const scored = await inWorker({
    real: real.values,
    twin: twin?.values ?? null,
    brain: brain.values,
  });
  const difference = scored.difference && (await makePicture(real, scored.difference));
  return { real, twin, difference, mask, scored };
}

/** Load the label map that a segmenter predicted, on the grid of `real`. */
export async function loadPrediction(
  source: Source,
  model: string,
  testSet: TestSet,
  real: Picture,
): Promise<Picture> {
  const found = await read(predictionShelf(source, model, testSet), `${source.caseId}.nii.gz`);
  refuseOtherGrid(real, found);
  return found;
}

export async function toNiivue({ bytes, name }: Picture): Promise<NVImage> {
  const { NVImage } = await loadNiivue();
  return NVImage.loadFromUrl({ url: bytes.slice(0), name });
}

async function read(shelf: Shelf, name: string): Promise<Picture> {
  const bytes = await shelf.bytes(name);
  const image = await toNiivue({ bytes, name } as Picture).catch(() => {
    throw new Problem(-1, texts.viewer.noImageTitle, texts.viewer.noImage(name));
  });
  return { bytes, name, ...describe(image) };
}

function describe(image: NVImage): Volume {
  const { hdr, img } = image;
  if (!hdr || !img)
    throw new Problem(-1, texts.viewer.noImageTitle, texts.viewer.noImage(image.name));
  const shape: Triple = [hdr.dims[1] ?? 1, hdr.dims[2] ?? 1, hdr.dims[3] ?? 1];
  return { shape, affine: hdr.affine, values: scaled(img, hdr.scl_slope, hdr.scl_inter) };
}

function scaled(values: ArrayLike<number>, slope: number, inter: number): ArrayLike<number> {
  const factor = Number.isFinite(slope) && slope !== 0 ? slope : 1;
  const added = Number.isFinite(inter) ? inter : 0;
  if (factor === 1 && added === 0) return values;
  return Float32Array.from(values, (value) => value * factor + added);
}

async function makePicture(like: Picture, values: Float32Array): Promise<Picture> {
  const { NVImage } = await loadNiivue();
  const spacing = [0, 1, 2].map((axis) =>
    Math.hypot(...like.affine.slice(0, 3).map((row) => row[axis] ?? 0)),
  );
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const FLOAT32 = 16; // NIfTI's code
  const made = NVImage.createNiftiArray([...like.shape], spacing, like.affine.flat(), FLOAT32, raw);
  const bytes = new Uint8Array(made).buffer;
  return { shape: like.shape, affine: like.affine, values, bytes, name: "difference.nii" };
}

function refuseOtherGrid(real: Picture, other: Picture): void {
  if (sameGrid(real, other)) return;
  throw new Problem(
    -1,
    texts.viewer.gridsTitle,
    texts.viewer.grids(other.name, describeGrid(other), real.name, describeGrid(real)),
  );
}

function inWorker(asked: Asked): Promise<Scored> {
  const worker = new Worker(new URL("./zscores.worker.ts", import.meta.url), { type: "module" });
  return new Promise<Scored>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Answered>) => {
      if ("scored" in data) resolve(data.scored);
      else reject(new Problem(-1, texts.viewer.noScoresTitle, texts.viewer.noScores));
    };
    worker.onerror = () =>
      reject(new Problem(-1, texts.viewer.noScoresTitle, texts.viewer.noWorker));
    worker.postMessage(asked);
  }).finally(() => worker.terminate());
}

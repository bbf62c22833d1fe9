/** The viewer of one case: loads what is chosen, and hands it to WebGL or to plain pictures. */
import { useMemo, useRef, useState } from "preact/hooks";
import { texts } from "../../texts";
import { toProblem, useLoaded } from "../../ui/loaded";
import { Loading, ProblemBox } from "../../ui/parts";
import { type Choice, changeOf, FIRST } from "./choice";
import { Controls } from "./controls";
import { type Images, loadImages, loadPrediction, type Picture } from "./data/images";
import type { Source } from "./data/sources";
import { Flat } from "./flat";
import { Help } from "./help";
import { Legend } from "./legend";
import { Live } from "./live";

/** Label maps over the real image, the twin and the difference. */
export type Maps = readonly [Picture | undefined, Picture | undefined, Picture | undefined];

export function Desk({ source }: { source: Source }) {
  const [choice, setChoice] = useState<Choice>(() => first(source));
  const change = (changed: Partial<Choice>) => setChoice((now) => ({ ...now, ...changed }));
  const [flat, setFlat] = useState(() => !hasWebgl2());
  const help = useRef<HTMLDialogElement>(null);
  const allowed = { prediction: source.segmenters.length > 0, twin: source.twins.size > 0 };
  const images = useLoaded(
    () => loadImages(source, choice.modality, choice.twin),
    [source, choice.modality, choice.twin],
  );
  const kept = useKept(images.data);
  const maps = useMaps(source, choice, kept);
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "?") help.current?.showModal();
    const changed = changeOf(event.key, choice, allowed);
    if (changed) change(changed);
    return changed !== undefined || event.key === "?";
  };
  const Shown = flat ? Flat : Live;
  return (
    <div class="viewer">
      <Controls {...{ choice, change, source, allowed }} help={() => help.current?.showModal()} />
      <Notes source={source} flat={flat} twin={choice.twin} />
      {images.problem && <ProblemBox problem={images.problem} retry={images.reload} />}
      {maps.problem && <ProblemBox problem={maps.problem} />}
      {!kept && !images.problem && <Loading />}
      {kept && (
        <Shown
          {...{ choice, change, onKey }}
          subject={source}
          images={kept}
          maps={maps.data ?? [undefined, undefined, undefined]}
          busy={images.loading || maps.loading}
          lost={() => setFlat(true)}
        />
      )}
      <Legend choice={choice} twin={Boolean(kept?.twin)} />
      <Help at={help} />
    </div>
  );
}

function first(source: Source): Choice {
  return {
    ...FIRST,
    twin: [...source.twins.keys()].sort()[0] ?? 0,
    model: source.segmenters[0]?.step ?? "",
  };
}

/** The last images stay in sight while the next ones load. */
function useKept(images: Images | undefined): Images | undefined {
  const kept = useRef<Images>(undefined);
  if (images) kept.current = images;
  return kept.current;
}

function useMaps(source: Source, { overlay, model }: Choice, images: Images | undefined) {
  const twin = Boolean(images?.twin);
  const found = useLoaded<Maps>(async () => {
    if (!images || overlay === "none") return [undefined, undefined, undefined];
    if (overlay === "mask") return [images.mask, images.mask, images.mask];
    const ask = (testSet: "real" | "synthetic") =>
      loadPrediction(source, model, testSet, images.real).catch((error) => {
        throw toProblem(error);
      });
    const [real, synthetic] = await Promise.all([ask("real"), twin ? ask("synthetic") : undefined]);
    return [real, synthetic, undefined];
  }, [source, overlay, overlay === "prediction" ? model : "", images?.mask]);
  return useMemo(() => found, [found.data, found.problem, found.loading]);
}

function Notes({ source, flat, twin }: { source: Source; flat: boolean; twin: number }) {
  const { experiment, twins, segmenters } = source;
  return (
    <>
      {flat && <p class="notice">{texts.viewer.noWebgl}</p>}
      {experiment && !twins.has(twin) && <p class="notice">{texts.viewer.noTwin}</p>}
      {experiment && segmenters.length === 0 && <p class="hint">{texts.viewer.noPredictions}</p>}
    </>
  );
}

function hasWebgl2(): boolean {
  const context = document.createElement("canvas").getContext("webgl2");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return Boolean(context);
}

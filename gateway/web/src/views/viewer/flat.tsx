/** The images as plain pictures, where the browser has no WebGL2. */
import { useEffect, useRef, useState } from "preact/hooks";
import { texts } from "../../texts";
import { type Choice, stepOf } from "./choice";
import { Range } from "./controls";
import { differenceColour, type Rgb, regionColour } from "./data/colours";
import { type Plane, type Triple, tumourCentre } from "./data/geometry";
import type { Images, Picture } from "./data/images";
import { cut, isAligned, scrollAxis } from "./data/slices";
import { toZ } from "./data/zscores";
import type { ShownProps } from "./live";
import { PANES, Pane, type PaneName } from "./panes";

export function Flat({ subject, choice, images, maps, onKey }: ShownProps) {
  const plane: Plane = choice.view === "multi" ? "axial" : choice.view;
  const [at, setAt] = useState<Triple>(() => tumourCentre(images.mask));
  const axis = scrollAxis(plane);
  const last = (images.real.shape[axis] ?? 1) - 1;
  const scroll = (to: number) =>
    setAt(at.map((each, one) => (one === axis ? Math.max(0, Math.min(last, to)) : each)) as never);
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target instanceof HTMLInputElement) return;
    const step = stepOf(event.key, plane)?.find((each) => each !== 0);
    if (step) scroll((at[axis] ?? 0) + step);
    else if (!onKey(event)) return;
    event.preventDefault();
  };
  if (!isAligned(images.real)) return <p class="notice">{texts.viewer.oblique}</p>;
  const names = PANES.filter((name) => name === "real" || images.twin);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: its keys scroll the pictures in it
    <section class="stage" aria-label={texts.viewer.pictures} tabIndex={0} onKeyDown={press}>
      <div class={`panes panes-${names.length}`}>
        {names.map((name, one) => (
          <Pane key={name} name={name} subject={subject} modality={choice.modality}>
            <Cut {...{ images, name, plane, at, choice }} map={maps[one]} />
          </Pane>
        ))}
      </div>
      <Range
        label={texts.viewer.slice((at[axis] ?? 0) + 1, last + 1)}
        value={at[axis] ?? 0}
        most={last}
        change={scroll}
      />
    </section>
  );
}

interface CutProps {
  readonly images: Images;
  readonly name: PaneName;
  readonly plane: Plane;
  readonly at: Triple;
  readonly choice: Choice;
  readonly map: Picture | undefined;
}

function Cut({ images, name, plane, at, choice, map }: CutProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const image = images[name] ?? images.real;
  const slice = cut(image, plane, at);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const pixels = context.createImageData(slice.width, slice.height);
    const shade = shadeOf(images, name, choice);
    slice.voxels.forEach((voxel, pixel) => {
      const grey = shade(image.values[voxel] ?? 0);
      const region = map && regionColour(map.values[voxel] ?? 0);
      const colour = region ? blend(grey, region, choice.opacity) : grey;
      pixels.data.set([...colour, 255], 4 * pixel);
    });
    context.putImageData(pixels, 0, 0);
  }, [image, map, plane, ...at, ...choice.window, choice.range, choice.opacity]);
  const [across, down] = slice.spacing;
  return (
    <canvas
      ref={canvas}
      class="cut"
      role="img"
      aria-label={texts.viewer.picture(texts.viewer.panes[name])}
      width={slice.width}
      height={slice.height}
      style={{ aspectRatio: `${slice.width * across} / ${slice.height * down}` }}
    />
  );
}

/** Give the colour of a value of an image. */
function shadeOf({ scored }: Images, name: PaneName, choice: Choice): (value: number) => Rgb {
  if (name === "difference") return (value) => differenceColour(value / choice.range);
  const scale = (name === "twin" && scored.twin) || scored.real;
  const [low, high] = choice.window;
  return (value) => {
    const share = Math.max(0, Math.min(1, (toZ(value, scale) - low) / (high - low)));
    return [255 * share, 255 * share, 255 * share];
  };
}

function blend(one: Rgb, over: Rgb, opacity: number): Rgb {
  const mix = (at: 0 | 1 | 2) => one[at] * (1 - opacity) + over[at] * opacity;
  return [mix(0), mix(1), mix(2)];
}

/** Linked NiiVue canvases: what is shown on each, where the cursor is, and how grey is spread. */
import type { Niivue, NVImage } from "@niivue/niivue";
import { DIFFERENCE_MAP, REGION_MAP } from "./data/colours";
import { type Grid, type Plane, type Triple, toMm } from "./data/geometry";
import { loadNiivue } from "./data/images";

export type View = Plane | "multi";

const SLICE_TYPES: Readonly<Record<View, number>> = { axial: 0, coronal: 1, sagittal: 2, multi: 3 };
const DIFFERENCE = "syntrust-difference";
const LEVELLING = 9; // NiiVue's drag mode that changes the window's level and width

/** Where the cursor is, and what lies there on each canvas. */
export interface Place {
  /** Voxel along right, anterior and superior. */
  readonly voxel: Triple;
  readonly shape: Triple;
  readonly values: readonly (number | undefined)[];
  readonly labels: readonly (number | undefined)[];
}

interface Told {
  readonly moved: (place: Place) => void;
  /** The reader dragged the window of a canvas. */
  readonly windowed: (canvas: number, low: number, high: number) => void;
  readonly lost: () => void;
}

/** What one canvas shows. */
export interface Shown {
  readonly base: NVImage;
  readonly diverging: boolean;
  readonly window: readonly [number, number];
}

export class Stage {
  private readonly ending = new AbortController();
  /** What each canvas was told to spread; NiiVue does not tell when a drag changes it. */
  private readonly windows: (readonly [number, number])[] = [];

  private constructor(
    private readonly viewers: readonly Niivue[],
    private readonly told: Told,
  ) {}

  /** Open WebGL2 on each canvas. Throws where the browser gives none. */
  static async open(canvases: readonly HTMLCanvasElement[], told: Told): Promise<Stage> {
    const { Niivue } = await loadNiivue();
    const viewers: Niivue[] = [];
    for (const canvas of canvases) {
      const viewer = new Niivue({
        backColor: [0, 0, 0, 1],
        crosshairColor: [0.35, 0.85, 0.6, 0.9],
        crosshairWidth: 0.6,
        crosshairWidthUnit: "mm",
        dragAndDropEnabled: false,
        dragMode: LEVELLING,
        isRadiologicalConvention: true,
        loadingText: "",
        logLevel: "error",
        multiplanarShowRender: 0, // never: a rendered head tells nothing here
        show3Dcrosshair: false,
        thumbnail: "",
      });
      await viewer.attachToCanvas(canvas, false);
      viewer.addColormap(DIFFERENCE, DIFFERENCE_MAP);
      viewers.push(viewer);
    }
    const stage = new Stage(viewers, told);
    stage.link(canvases);
    return stage;
  }

  /** Show an image on each canvas; the cursor stays where it is. */
  show(shown: readonly Shown[]): void {
    shown.forEach(({ base, diverging, window }, at) => {
      const viewer = this.viewers[at];
      if (!viewer) return;
      while (viewer.volumes.length > 0) viewer.removeVolumeByIndex(viewer.volumes.length - 1);
      base.colormap = diverging ? DIFFERENCE : "gray";
      [base.cal_min, base.cal_max] = window;
      this.windows[at] = window;
      viewer.addVolume(base);
    });
  }

  /** Lay label maps over the images, or take them away. */
  overlay(maps: readonly (NVImage | undefined)[], opacity: number): void {
    this.viewers.forEach((viewer, at) => {
      while (viewer.volumes.length > 1) viewer.removeVolumeByIndex(viewer.volumes.length - 1);
      const map = maps[at];
      if (!map || viewer.volumes.length === 0) return;
      map.setColormapLabel(REGION_MAP);
      map.opacity = opacity;
      viewer.addVolume(map);
    });
    this.tell();
  }

  opacity(share: number): void {
    for (const viewer of this.viewers) {
      if (viewer.volumes.length > 1) viewer.setOpacity(1, share);
    }
  }

  /** Spread grey, or the difference's colours, from `low` to `high` in the image's own unit. */
  window(canvas: number, low: number, high: number): void {
    const viewer = this.viewers[canvas];
    const base = viewer?.volumes[0];
    if (!viewer || !base || (base.cal_min === low && base.cal_max === high)) return;
    base.cal_min = low;
    base.cal_max = high;
    this.windows[canvas] = [low, high];
    viewer.updateGLVolume();
  }

  view(view: View): void {
    for (const viewer of this.viewers) viewer.setSliceType(SLICE_TYPES[view]);
  }

  /** Move the cursor so many voxels towards right, anterior and superior. */
  step(right: number, anterior: number, superior: number): void {
    for (const viewer of this.viewers) {
      if (viewer.volumes.length > 0) viewer.moveCrosshairInVox(right, anterior, superior);
    }
  }

  /** Put the cursor on a voxel of the file, and show it whole. */
  centre(grid: Grid, voxel: Triple): void {
    const [x, y, z] = toMm(grid, voxel);
    for (const viewer of this.viewers) {
      if (viewer.volumes.length === 0) continue;
      viewer.scene.crosshairPos = viewer.mm2frac([x, y, z]);
      viewer.scene.pan2Dxyzmm = [0, 0, 0, 1];
      viewer.drawScene();
    }
    this.tell();
  }

  /** Draw all canvases and hand them out before the browser clears them. */
  draw<T>(use: (canvases: readonly HTMLCanvasElement[]) => T): T {
    for (const viewer of this.viewers) viewer.drawScene();
    return use(this.viewers.map((viewer) => viewer.gl.canvas as HTMLCanvasElement));
  }

  /** Give the graphics memory back: browsers allow few WebGL contexts. */
  close(): void {
    this.ending.abort();
    for (const viewer of this.viewers) {
      viewer.cleanup();
      viewer.gl.getExtension("WEBGL_lose_context")?.loseContext();
    }
  }

  private link(canvases: readonly HTMLCanvasElement[]): void {
    const { signal } = this.ending;
    const dragged = () => {
      for (const at of this.viewers.keys()) this.tellWindow(at);
    };
    addEventListener("pointerup", dragged, { signal });
    this.viewers.forEach((viewer, at) => {
      const others = this.viewers.filter((each) => each !== viewer);
      viewer.broadcastTo(others, { "2d": true, "3d": false });
      viewer.onLocationChange = () => this.tell(at);
      viewer.onIntensityChange = () => this.tellWindow(at); // a double click resets it
      const canvas = canvases[at];
      // NiiVue tells the others only of a canvas that has the focus.
      const focus = () => canvas?.focus({ preventScroll: true });
      canvas?.addEventListener("pointerdown", focus, { signal, capture: true });
      canvas?.addEventListener("wheel", focus, { signal, capture: true, passive: true });
      canvas?.addEventListener("webglcontextlost", this.told.lost, { signal });
    });
  }

  private tellWindow(at: number): void {
    const { cal_min: low, cal_max: high } = this.viewers[at]?.volumes[0] ?? {};
    const known = this.windows[at];
    if (low === undefined || high === undefined || !known) return;
    if (low === known[0] && high === known[1]) return;
    this.windows[at] = [low, high];
    this.told.windowed(at, low, high);
  }

  private tell(from = 0): void {
    const viewer = this.viewers[from];
    const shape = viewer?.volumes[0]?.dimsRAS;
    if (!viewer || !shape) return;
    const [x = 0, y = 0, z = 0] = viewer.frac2mm(viewer.scene.crosshairPos);
    const at = (image: NVImage | undefined) => {
      if (!image) return undefined;
      const [i = 0, j = 0, k = 0] = image.mm2vox([x, y, z]);
      return image.getValue(i, j, k);
    };
    const [i = 0, j = 0, k = 0] = viewer.volumes[0]?.mm2vox([x, y, z]) ?? [];
    this.told.moved({
      voxel: [i, j, k],
      shape: [shape[1] ?? 1, shape[2] ?? 1, shape[3] ?? 1],
      values: this.viewers.map((each) => at(each.volumes[0])),
      labels: this.viewers.map((each) => at(each.volumes[1])),
    });
  }
}

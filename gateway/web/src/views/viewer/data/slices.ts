/**
 * Slices as pixels, for browsers without WebGL2.
 *
 * The patient's left is on the right, anterior or superior is up, as radiologists read images.
 */
import type { Plane, Triple, Volume } from "./geometry";

export interface Slice {
  readonly width: number;
  readonly height: number;
  /** mm per pixel across and down. */
  readonly spacing: readonly [number, number];
  /** The voxel's place in the volume's values, of pixel `column + width * row`. */
  readonly voxels: Uint32Array;
}

// The axis that a plane leaves out, the axis across, and the axis down.
const AXES: Readonly<Record<Plane, readonly [number, number, number]>> = {
  axial: [2, 0, 1],
  coronal: [1, 0, 2],
  sagittal: [0, 1, 2],
};

/** Give the axis along which a plane is scrolled: 0 is x, 1 is y, 2 is z. */
export function scrollAxis(plane: Plane): number {
  return AXES[plane][0];
}

/** Whether the grid's axes run along the patient's, as those of the platform's grids do. */
export function isAligned({ affine }: Pick<Volume, "affine">): boolean {
  return [0, 1, 2].every((row) =>
    [0, 1, 2].every(
      (column) =>
        row === column ||
        Math.abs(affine[row]?.[column] ?? 0) < 1e-3 * Math.abs(affine[row]?.[row] ?? 0),
    ),
  );
}

/** Cut a plane through a voxel. The grid must be aligned. */
export function cut(volume: Omit<Volume, "values">, plane: Plane, through: Triple): Slice {
  const [out, across, down] = AXES[plane];
  const { shape } = volume;
  const step = (axis: number) => volume.affine[axis]?.[axis] ?? 1; // mm, negative to L, P or I
  const width = shape[across] ?? 0;
  const height = shape[down] ?? 0;
  const stride = [1, shape[0], shape[0] * shape[1]];
  // Left to right on the screen: towards the patient's left, or towards the back.
  const mirrored = step(across) > 0;
  const flipped = step(down) > 0; // the first row is the most anterior, or the highest
  const voxels = new Uint32Array(width * height);
  for (let row = 0; row < height; row++) {
    const y = flipped ? height - 1 - row : row;
    for (let column = 0; column < width; column++) {
      const x = mirrored ? width - 1 - column : column;
      voxels[column + width * row] =
        x * (stride[across] ?? 0) +
        y * (stride[down] ?? 0) +
        (through[out] ?? 0) * (stride[out] ?? 0);
    }
  }
  return {
    width,
    height,
    spacing: [Math.abs(step(across)), Math.abs(step(down))],
    voxels,
  };
}

/** Where voxels are. Files hold them x first, then y, then z. */
export type Triple = readonly [number, number, number];

export interface Grid {
  readonly shape: Triple;
  /** Rows of the 4 × 4 matrix from voxel index to millimetres in RAS. */
  readonly affine: readonly (readonly number[])[];
}

export interface Volume extends Grid {
  readonly values: ArrayLike<number>;
}

/** 1 NCR, 2 ED, 3 ET in every label map of the API. */
export const REGIONS = [
  { value: 1, name: "NCR", colour: [0x00, 0x44, 0x88] },
  { value: 2, name: "ED", colour: [0xc9, 0x8a, 0x00] },
  { value: 3, name: "ET", colour: [0xb8, 0x44, 0x6c] },
] as const; // the colours of the report's figures

export const PLANES = ["axial", "coronal", "sagittal"] as const;
export type Plane = (typeof PLANES)[number];

const TOLERANCE_MM = 1e-3; // of a float32 header: far below any voxel, far above its rounding

/** Say whether voxels of the same index lie at the same place. */
export function sameGrid(one: Grid, other: Grid): boolean {
  return (
    one.shape.every((length, axis) => length === other.shape[axis]) &&
    one.affine.every((row, at) =>
      row.every((value, to) => Math.abs(value - (other.affine[at]?.[to] ?? NaN)) < TOLERANCE_MM),
    )
  );
}

export function describeGrid({ shape, affine }: Grid): string {
  const spacing = [0, 1, 2].map((axis) =>
    Math.hypot(...affine.slice(0, 3).map((row) => row[axis] ?? 0)).toFixed(2),
  );
  return `${shape.join(" × ")}, ${spacing.join(" × ")} mm`;
}

/** Find the middle of the axial slice with the most tumour; of the volume where there is none. */
export function tumourCentre({ values, shape }: Volume): Triple {
  const [nx, ny, nz] = shape;
  let best = { voxels: 0, x: nx / 2, y: ny / 2, z: nz / 2 };
  for (let z = 0; z < nz; z++) {
    const slice = { voxels: 0, x: 0, y: 0, z };
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) {
        if (!values[x + nx * (y + ny * z)]) continue;
        slice.voxels += 1;
        slice.x += x;
        slice.y += y;
      }
    }
    if (slice.voxels > best.voxels) {
      best = { ...slice, x: slice.x / slice.voxels, y: slice.y / slice.voxels };
    }
  }
  return [Math.round(best.x), Math.round(best.y), Math.round(best.z)];
}

/** Give the place of a voxel in millimetres. */
export function toMm({ affine }: Grid, [x, y, z]: Triple): Triple {
  const at = (row: number) => {
    const [a = 0, b = 0, c = 0, d = 0] = affine[row] ?? [];
    return a * x + b * y + c * z + d;
  };
  return [at(0), at(1), at(2)];
}

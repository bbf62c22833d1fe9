import { describe, expect, it } from "vitest";
import { sameGrid, toMm, tumourCentre } from "../src/views/viewer/data/geometry";
import { cut, isAligned } from "../src/views/viewer/data/slices";

// LPS, as the platform's grids are: x runs to the left, y to the back, z up.
const LPS = {
  shape: [2, 3, 4] as const,
  affine: [
    [-3, 0, 0, 10],
    [0, -2, 0, 20],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ],
};
const RAS = {
  ...LPS,
  affine: [
    [3, 0, 0, 0],
    [0, 2, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ],
};

describe("a slice as a picture", () => {
  it("has the patient's left on the right and the front above", () => {
    const slice = cut(LPS, "axial", [0, 0, 1]);
    expect([slice.width, slice.height, ...slice.spacing]).toEqual([2, 3, 3, 2]);
    expect([...slice.voxels]).toEqual([6, 7, 8, 9, 10, 11]); // x to the left is already rightwards
    expect([...cut(RAS, "axial", [0, 0, 1]).voxels]).toEqual([11, 10, 9, 8, 7, 6]);
  });

  it("has the top of the head above in coronal and sagittal planes", () => {
    expect([...cut(LPS, "coronal", [0, 1, 0]).voxels].slice(0, 2)).toEqual([20, 21]);
    expect([...cut(LPS, "sagittal", [1, 0, 0]).voxels].slice(0, 3)).toEqual([19, 21, 23]);
  });

  it("is refused where the grid lies askew", () => {
    expect(isAligned(LPS)).toBe(true);
    expect(
      isAligned({
        affine: [
          [0, 3, 0, 0],
          [3, 0, 0, 0],
          [0, 0, 1, 0],
        ],
      }),
    ).toBe(false);
  });
});

describe("grids", () => {
  it("are the same when each voxel lies at the same place", () => {
    expect(
      sameGrid(LPS, { ...LPS, affine: LPS.affine.map((row) => row.map((v) => v + 1e-5)) }),
    ).toBe(true);
    expect(sameGrid(LPS, RAS)).toBe(false);
    expect(sameGrid(LPS, { ...LPS, shape: [2, 3, 5] })).toBe(false);
  });

  it("place a voxel in millimetres", () => {
    expect(toMm(LPS, [1, 2, 3])).toEqual([7, 16, 3]);
  });
});

describe("the cursor's first place", () => {
  it("is the middle of the slice with the most tumour", () => {
    const values = new Uint8Array(24);
    values.set([1], 0);
    values.set([1, 1, 0, 0, 1, 1], 12); // z = 2: all corners
    expect(tumourCentre({ ...LPS, values })).toEqual([1, 1, 2]);
  });

  it("is the middle of the volume where there is no tumour", () => {
    expect(tumourCentre({ ...LPS, values: new Uint8Array(24) })).toEqual([1, 2, 2]);
  });
});

import { describe, expect, it } from "vitest";
import { measure, NoScores, score } from "../src/views/viewer/data/zscores";

const BRAIN = [0, 1, 1, 1, 1, 0];

describe("z-scores over the brain", () => {
  it("leave the background out of mean and standard deviation", () => {
    const { mean, sd, voxels } = measure([900, 1, 3, 5, 7, -900], BRAIN);
    expect([mean, voxels]).toEqual([4, 4]);
    expect(sd).toBeCloseTo(Math.sqrt(5), 12); // of 1, 3, 5, 7: 20 / 4
  });

  it("give the twin minus the real one, and 0 in the background", () => {
    const { difference } = score([9, 1, 3, 5, 7, 9], [9, 1, 5, 3, 7, 9], BRAIN);
    const two = 2 / Math.sqrt(5);
    const expected = [0, 0, two, -two, 0, 0];
    for (const [at, value] of expected.entries()) {
      expect(difference?.[at]).toBeCloseTo(value, 6); // float32
    }
  });

  it("do not change with a linear change of either image", () => {
    const real = Array.from({ length: 200 }, (_, at) => Math.sin(at) * 40 + (at % 7));
    const twin = Array.from({ length: 200 }, (_, at) => Math.cos(at * 1.7) * 0.3);
    const brain = real.map((_, at) => (at % 3 === 0 ? 0 : 1));
    const as = (values: number[], factor: number, plus: number) =>
      values.map((value) => value * factor + plus);
    const before = score(real, twin, brain).difference ?? [];
    const after = score(as(real, 12.5, 300), as(twin, 0.01, -4), brain).difference ?? [];
    for (const [at, value] of before.entries()) expect(after[at]).toBeCloseTo(value, 5);
  });

  it("are 0 everywhere between an image and itself on another scale", () => {
    const real = [0, 2, 4, 8, 16, 0];
    const { difference } = score(
      real,
      real.map((value) => 3 * value + 1),
      BRAIN,
    );
    for (const value of difference ?? []) expect(value).toBeCloseTo(0, 6);
  });

  it("do not exist where the brain has one value, or no voxel", () => {
    expect(() => measure([1, 5, 5, 5, 5, 2], BRAIN)).toThrow(NoScores);
    expect(() => measure([1, 2], [0, 0])).toThrow(NoScores);
    expect(() => measure([1, 2, 3], [1, 1])).toThrow(NoScores);
  });
});

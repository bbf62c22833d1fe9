/**
 * What makes two images comparable: z-scores over the brain.
 *
 * Intensities of MRI have no unit, and a twin's are on another scale than its patient's. Each image
 * is therefore read in standard deviations from its own mean over the voxels of the brain. Any
 * linear change of an image's intensities leaves its z-scores as they are.
 */
export interface Intensities {
  readonly mean: number;
  /** Standard deviation over the brain, of the population; in the image's own unit. */
  readonly sd: number;
  readonly voxels: number;
}

export interface Scored {
  readonly real: Intensities;
  readonly twin: Intensities | null;
  /** Twin minus real, in z; 0 outside the brain. */
  readonly difference: Float32Array | null;
}

/** Why an image has no z-scores. */
export class NoScores extends Error {}

/** Measure mean and standard deviation where `brain` is not 0. Both have the same length. */
export function measure(values: ArrayLike<number>, brain: ArrayLike<number>): Intensities {
  if (values.length !== brain.length) throw new NoScores("lengths");
  let voxels = 0;
  let sum = 0;
  for (let at = 0; at < values.length; at++) {
    if (!brain[at]) continue;
    voxels += 1;
    sum += values[at] ?? 0;
  }
  const mean = sum / voxels;
  let squares = 0;
  for (let at = 0; at < values.length; at++) {
    if (brain[at]) squares += ((values[at] ?? 0) - mean) ** 2;
  }
  const sd = Math.sqrt(squares / voxels);
  if (!(sd > 1e-12 * Math.max(1, Math.abs(mean)))) throw new NoScores("constant");
  return { mean, sd, voxels };
}

/** Score both images over the brain of the case, and take the twin minus the real one. */
export function score(
  real: ArrayLike<number>,
  twin: ArrayLike<number> | null,
  brain: ArrayLike<number>,
): Scored {
  const ofReal = measure(real, brain);
  if (!twin) return { real: ofReal, twin: null, difference: null };
  const ofTwin = measure(twin, brain);
  const difference = new Float32Array(real.length);
  for (let at = 0; at < real.length; at++) {
    if (!brain[at]) continue;
    difference[at] = toZ(twin[at] ?? 0, ofTwin) - toZ(real[at] ?? 0, ofReal);
  }
  return { real: ofReal, twin: ofTwin, difference };
}

export function toZ(value: number, { mean, sd }: Intensities): number {
  return (value - mean) / sd;
}

export function fromZ(z: number, { mean, sd }: Intensities): number {
  return mean + z * sd;
}

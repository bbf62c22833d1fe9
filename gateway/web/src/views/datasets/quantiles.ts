/** The numbers of a distribution, as a table has them beside its histogram. */
const SHARES = [0, 0.25, 0.5, 0.75, 1] as const;

/** Give minimum, quartiles and maximum, linear between order statistics (numpy's default). */
export function quantiles(values: readonly number[]): readonly (number | undefined)[] {
  const sorted = [...values].sort((a, b) => a - b);
  return SHARES.map((share) => {
    const at = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
    if (low === undefined || high === undefined) return undefined;
    return low + (high - low) * (at - Math.floor(at));
  });
}

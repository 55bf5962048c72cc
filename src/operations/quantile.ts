import { BOUNDS } from './metrics';

/**
 * The time that a share of the requests stayed below, in milliseconds, estimated within its bucket as Prometheus'
 * `histogram_quantile` does; null without requests.
 */
export function quantileMs(buckets: readonly number[], share: number): number | null {
  const total = buckets.reduce((sum, each) => sum + each, 0);
  if (total === 0) return null;
  let left = share * total;
  for (const [at, count] of buckets.entries()) {
    if (count === 0 || left > count) {
      left -= count;
      continue;
    }
    const from = BOUNDS[at - 1] ?? 0;
    // Beyond the last bound there is nothing to estimate with.
    const to = BOUNDS[at] ?? from;
    return Math.round((from + (to - from) * (left / count)) * 10_000) / 10;
  }
  return (BOUNDS.at(-1) ?? 0) * 1000;
}

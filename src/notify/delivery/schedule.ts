const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Waits after the first, second, ... failed attempt: five retries in the first minute, then growing to an hour. */
const WAITS = [1, 3, 8, 15, 22, 60, 120, 300, 600, 1200, 1800].map((seconds) => seconds * SECOND);

/** How long a delivery is tried before it is laid aside as dead. */
export const GIVE_UP_AFTER = 96 * HOUR;

/** Longest wait between two attempts. */
const LONGEST = HOUR;

/**
 * Milliseconds until the next attempt after `attempts` failures; jittered by a tenth, so that receivers that come back
 * are not met by everybody at once. `Retry-After` (seconds or an HTTP date) makes it longer, never shorter.
 */
export function waitAfter(
  attempts: number,
  retryAfter: string | undefined,
  now: Date,
  random: () => number = Math.random,
): number {
  const planned = WAITS[attempts - 1] ?? LONGEST;
  const jittered = planned * (0.9 + random() * 0.2);
  return Math.max(jittered, retryAfterMs(retryAfter, now));
}

/** Milliseconds that `Retry-After` asks for, at most a day; 0 without one. */
export function retryAfterMs(value: string | undefined, now: Date): number {
  if (value === undefined) return 0;
  if (/^\d+$/.test(value.trim())) return Math.min(Number(value) * SECOND, 24 * HOUR);
  const date = Date.parse(value);
  return Number.isNaN(date) ? 0 : Math.min(Math.max(0, date - now.getTime()), 24 * HOUR);
}

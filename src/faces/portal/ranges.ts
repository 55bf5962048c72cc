import type { QueryParameters, QueryValues } from '../../contract';

export const HOUR_MS = 3_600_000;

/** Hours back of each range of a chart. */
const HOURS: Readonly<Record<string, number>> = { day: 24, week: 7 * 24, month: 30 * 24 };

/** Query of what is shown over time. */
export const RANGE_QUERY = {
  range: { kind: 'choice', values: Object.keys(HOURS), default: 'day', description: 'How far back.' },
} as const satisfies QueryParameters;

/** The first hour of the range that was asked for; the present hour is its last. */
export function startOf({ range }: QueryValues): Date {
  const hours = HOURS[String(range)] ?? 0;
  return new Date((Math.floor(Date.now() / HOUR_MS) - hours + 1) * HOUR_MS);
}

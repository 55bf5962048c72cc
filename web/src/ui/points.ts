import type { Range } from '../api/range';

export const RANGES: readonly { value: Range; label: string }[] = [
  { value: 'day', label: '24 hours' },
  { value: 'week', label: '7 days' },
  { value: 'month', label: '30 days' },
];

const HOUR_MS = 3_600_000;
const HOUR = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: 'numeric' });
const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

export type Point<Name extends string> = { at: string } & Record<Name, number>;

/**
 * Sums of hours: a point an hour of one day, else a point a day of the user's own zone; those in which nothing happened
 * are there too.
 */
export function pointsOf<const Name extends string>(
  { from, hours }: { from: string; hours: readonly ({ at: string } & Record<NoInfer<Name>, number>)[] },
  range: Range,
  names: readonly Name[],
): Point<Name>[] {
  const label = range === 'day' ? HOUR : DAY;
  const nothing = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  const points = new Map<string, Point<Name>>();
  for (let at = Date.parse(from); at <= Date.now(); at += HOUR_MS) {
    const name = label.format(at);
    if (!points.has(name)) points.set(name, { at: name, ...nothing });
  }
  for (const hour of hours) {
    const name = label.format(Date.parse(hour.at));
    const point = points.get(name);
    if (point === undefined) continue;
    const sums = names.map((each) => [each, point[each] + hour[each]]);
    points.set(name, { ...point, ...(Object.fromEntries(sums) as Record<Name, number>) });
  }
  return [...points.values()];
}

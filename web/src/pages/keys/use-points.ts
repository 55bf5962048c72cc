import type { KeyUse } from '../../api/keys';

type Point = { at: string; requests: number; refused: number };

const HOUR_MS = 3_600_000;
const HOUR = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: 'numeric' });
const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

/** A point an hour, hours without requests included. */
export function hourPoints(use: KeyUse): Point[] {
  return pointsBy(use, HOUR);
}

/** A point a day of the user's own zone. */
export function dayPoints(use: KeyUse): Point[] {
  return pointsBy(use, DAY);
}

function pointsBy({ from, hours }: KeyUse, label: Intl.DateTimeFormat): Point[] {
  const points = new Map<string, Point>();
  for (let at = Date.parse(from); at <= Date.now(); at += HOUR_MS) {
    const name = label.format(at);
    points.set(name, points.get(name) ?? { at: name, requests: 0, refused: 0 });
  }
  for (const { at, requests, refused } of hours) {
    const point = points.get(label.format(Date.parse(at)));
    if (point === undefined) continue;
    point.requests += requests;
    point.refused += refused;
  }
  return [...points.values()];
}

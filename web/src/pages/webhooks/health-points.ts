import type { Range, WebhookHealth } from '../../api/webhooks';

type Point = { at: string; received: number; failed: number };

const HOUR_MS = 3_600_000;
const HOUR = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: 'numeric' });
const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

/** A point an hour of one day, else a point a day of the user's own zone; those without calls included. */
export function pointsOf({ from, hours }: WebhookHealth, range: Range): Point[] {
  const label = range === 'day' ? HOUR : DAY;
  const points = new Map<string, Point>();
  for (let at = Date.parse(from); at <= Date.now(); at += HOUR_MS) {
    const name = label.format(at);
    if (!points.has(name)) points.set(name, { at: name, received: 0, failed: 0 });
  }
  for (const { at, received, failed } of hours) {
    const point = points.get(label.format(Date.parse(at)));
    if (point === undefined) continue;
    point.received += received;
    point.failed += failed;
  }
  return [...points.values()];
}

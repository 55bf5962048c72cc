const MINUTE_MS = 60_000;
const PARTS = [
  { name: 'day', minutes: 1440 },
  { name: 'hour', minutes: 60 },
  { name: 'minute', minutes: 1 },
] as const;

/** "4 hours 30 minutes": singular for 1, zero parts dropped; what takes less than a minute took "0 minutes". */
export function durationText(from: Date, to: Date): string {
  let rest = Math.max(0, Math.floor((to.getTime() - from.getTime()) / MINUTE_MS));
  const parts: string[] = [];
  for (const { name, minutes } of PARTS) {
    const count = Math.floor(rest / minutes);
    rest -= count * minutes;
    if (count > 0) parts.push(`${count} ${name}${count === 1 ? '' : 's'}`);
  }
  return parts.length > 0 ? parts.join(' ') : '0 minutes';
}

/** The date (UTC) so many business days after a day; Saturdays and Sundays are none. */
export function businessDaysAfter(from: Date, days: number): string {
  const at = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate()));
  for (let left = days; left > 0;) {
    at.setUTCDate(at.getUTCDate() + 1);
    const isWeekend = at.getUTCDay() === 0 || at.getUTCDay() === 6;
    if (!isWeekend) left -= 1;
  }
  return at.toISOString().slice(0, 10);
}

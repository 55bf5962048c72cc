const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });

/** An instant in the user's own zone and language; the exact one on pointing at it. */
export function Time({ at, none = '–' }: { at: string | null | undefined; none?: string }) {
  if (at === null || at === undefined) return <>{none}</>;
  const date = new Date(at);
  return (
    <time dateTime={at} title={FULL.format(date)}>
      {MOMENT.format(date)}
    </time>
  );
}

/** A calendar date (`YYYY-MM-DD`), which has no zone. */
export function CalendarDate({ date, none = '–' }: { date: string | null | undefined; none?: string }) {
  if (date === null || date === undefined) return <>{none}</>;
  return <time dateTime={date}>{DAY.format(new Date(`${date}T00:00:00Z`))}</time>;
}

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const LOCAL_DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });

const THIS_YEAR = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
});

interface TimeProps {
  at: string | null | undefined;
  none?: string;
  /** For columns: without the year when it is this one, without the hour when it is not. */
  isShort?: boolean;
}

/** An instant in the user's own zone and language; the exact one on pointing at it. */
export function Time({ at, none = '–', isShort = false }: TimeProps) {
  if (at === null || at === undefined) return <>{none}</>;
  const date = new Date(at);
  const short = date.getFullYear() === new Date().getFullYear() ? THIS_YEAR : LOCAL_DAY;
  return (
    <time dateTime={at} title={FULL.format(date)}>
      {(isShort ? short : MOMENT).format(date)}
    </time>
  );
}

/** A calendar date (`YYYY-MM-DD`), which has no zone. */
export function CalendarDate({ date, none = '–' }: { date: string | null | undefined; none?: string }) {
  if (date === null || date === undefined) return <>{none}</>;
  return <time dateTime={date}>{DAY.format(new Date(`${date}T00:00:00Z`))}</time>;
}

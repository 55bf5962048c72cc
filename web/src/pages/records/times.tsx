import { CalendarDate, Time } from '../../ui/time';

const SHORT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** A FHIR date of any precision: years and months as written, days without a zone, instants in the user's zone. */
export function FhirTime({ at, isShort = false }: { at: string | undefined; isShort?: boolean }) {
  if (at === undefined) return <>–</>;
  if (/^\d{4}-\d\d-\d\d$/.test(at)) return <CalendarDate date={at} />;
  if (!/^\d{4}-\d\d-\d\dT/.test(at)) return <time dateTime={at}>{at}</time>;
  return isShort ? <time dateTime={at}>{SHORT.format(new Date(at))}</time> : <Time at={at} />;
}

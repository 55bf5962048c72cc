import type { Appointment, Encounter } from '@medplum/fhirtypes';
import type { StoreAccess, Viewer } from '../store';
import { found } from './load';

/** Visits that took or take place. */
export const VISITS = 'finished,in-progress,arrived,triaged,onleave';
/** Appointments that are still to come. */
const TO_COME = 'booked,pending,arrived,checked-in';
const LOOKED_AT = '20';

/** When the patient was seen last, and will be seen next. Dermifi, "Get specific patient details". */
export async function visitTimes(
  access: StoreAccess,
  viewer: Viewer,
  patientId: string,
  at: Date,
): Promise<{ lastVisit?: string; nextAppointment?: string }> {
  const about = `Patient/${patientId}`;
  const now = at.toISOString();
  const [encounters, appointments] = await Promise.all([
    found<Encounter>(access, viewer, 'Encounter', {
      subject: about,
      status: VISITS,
      date: `le${now}`,
      _sort: '-date',
      _count: LOOKED_AT,
    }),
    found<Appointment>(access, viewer, 'Appointment', {
      actor: about,
      status: TO_COME,
      date: `ge${now}`,
      _sort: 'date',
      _count: '1',
    }),
  ]);
  const starts = encounters
    .flatMap(({ period }) => period?.start ?? [])
    .filter((start) => Date.parse(start) <= at.getTime());
  const lastVisit = starts.sort((a, b) => Date.parse(b) - Date.parse(a))[0];
  const nextAppointment = appointments[0]?.start;
  return {
    ...(lastVisit !== undefined && { lastVisit }),
    ...(nextAppointment !== undefined && { nextAppointment }),
  };
}

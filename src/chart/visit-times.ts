import type { Appointment, Encounter, Location } from '@medplum/fhirtypes';
import { appointmentView, isShown, placesOf, zoneOf } from '../clinicians';
import { DateTime } from 'luxon';
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

/** A patient's appointments as the schedule shows them, each with its id and date on the clock of its place. */
export async function patientAppointments(
  access: StoreAccess,
  viewer: Viewer,
  patientId: string,
): Promise<object[]> {
  const appointments = (
    await found<Appointment>(access, viewer, 'Appointment', { actor: `Patient/${patientId}` })
  ).filter(isShown);
  const places = [...new Set(appointments.flatMap(placesOf))];
  const locations = await access.readMany(
    viewer,
    places.map((id) => ({ type: 'Location' as const, id })),
  );
  const zones = new Map(locations.map(({ id, resource }) => [id, zoneOf(resource as Location)]));
  appointments.sort((a, b) => Date.parse(a.start ?? '') - Date.parse(b.start ?? ''));
  return appointments.map((appointment) => {
    const zone = placesOf(appointment).flatMap((id) => zones.get(id) ?? [])[0] ?? 'UTC';
    const date = DateTime.fromISO(appointment.start ?? '', { zone }).toISODate();
    return { id: `appt_${appointment.id ?? ''}`, date, ...appointmentView(appointment, zone) };
  });
}

import type { Appointment, CodeableConcept, Location } from '@medplum/fhirtypes';
import { DateTime } from 'luxon';
import { referencedId } from '../fhir';
import { conceptText } from './names';

/** Appointment.status as the schedule shows it; what is not here takes up no time. */
const SHOWN: Readonly<Record<string, string>> = {
  booked: 'confirmed',
  pending: 'pending',
  proposed: 'proposed',
  arrived: 'arrived',
  'checked-in': 'checked_in',
  fulfilled: 'completed',
  noshow: 'no_show',
};

/** https://terminology.hl7.org/CodeSystem/v2-0276 as the schedule shows it. */
const REASONS: Readonly<Record<string, string>> = {
  CHECKUP: 'checkup',
  EMERGENCY: 'emergency',
  FOLLOWUP: 'follow_up',
  ROUTINE: 'routine',
  WALKIN: 'walk_in',
};

/** One appointment on a schedule. Dermifi, "Get provider schedule". */
export interface AppointmentView {
  /** `HH:MM` in the place's time zone. */
  time: string;
  /** Minutes. */
  duration: number;
  patientId: string | null;
  type: string | null;
  status: string;
}

/** Whether the schedule shows it: it has a start, and a status that the vendor document knows. */
export function isShown({ status, start }: Appointment): boolean {
  return start !== undefined && status !== undefined && status in SHOWN;
}

/** Whether the appointment keeps others from its time: who did not come does not. */
export function takesTime({ status }: Appointment): boolean {
  return status !== 'noshow';
}

/** Minutes: as said, else from start to end, else none. */
export function minutesOf({ minutesDuration, start, end }: Appointment): number {
  if (minutesDuration !== undefined) return minutesDuration;
  const minutes = (Date.parse(end ?? '') - Date.parse(start ?? '')) / 60_000;
  return Number.isFinite(minutes) ? Math.max(0, Math.round(minutes)) : 0;
}

/** An appointment in the vendor's fields. @param zone IANA name of the zone whose clock `time` shows */
export function appointmentView(appointment: Appointment, zone: string): AppointmentView {
  const { appointmentType, serviceType = [], status = '', participant, start = '' } = appointment;
  const patient = participant
    .map(({ actor }) => referencedId(actor, 'Patient'))
    .find((id) => id !== undefined);
  return {
    time: DateTime.fromISO(start, { zone }).toFormat('HH:mm'),
    duration: minutesOf(appointment),
    patientId: patient === undefined ? null : `pat_${patient}`,
    type: typeOf(appointmentType) ?? typeOf(serviceType[0]) ?? null,
    status: SHOWN[status] ?? status,
  };
}

/** `Follow up` as `follow_up`. */
function typeOf(concept: CodeableConcept | undefined): string | undefined {
  const reason = concept?.coding?.map(({ code }) => REASONS[code ?? '']).find((name) => name !== undefined);
  return (
    reason ??
    conceptText(concept)
      ?.trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_')
  );
}

/** Ids of the Locations that take part. */
export function placesOf({ participant }: Appointment): string[] {
  return participant.flatMap(({ actor }) => referencedId(actor, 'Location') ?? []);
}

/** Whether the appointment counts at a place: one without a Location counts everywhere (decisions, "Schedule"). */
export function isAt(appointment: Appointment, location: (Location & { id: string }) | undefined): boolean {
  const places = placesOf(appointment);
  return places.length === 0 || location === undefined || places.includes(location.id);
}

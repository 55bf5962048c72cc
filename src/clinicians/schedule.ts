import type { Appointment, Location } from '@medplum/fhirtypes';
import { DateTime } from 'luxon';
import { fieldProblem } from '../fhir';
import { parseSearch } from '../search';
import type { StoreAccess, Viewer } from '../store';
import { appointmentView, type AppointmentView, isAt, isShown, minutesOf, takesTime } from './appointments';
import { type Busy, freeSlots, windowsOn, workingHours } from './hours';
import { locationNamed, zoneOf } from './locations';
import type { Provider } from './providers';
import { actorsOf, freeStarts, slotsOn } from './slots';

export interface ScheduleRequest {
  /** `YYYY-MM-DD`, a day at the place; today when absent. */
  date?: string;
  /** Name of the place; the provider's first when absent. */
  location?: string;
}

/** Dermifi, "Get provider schedule". */
export interface Schedule {
  providerId: string;
  date: string;
  location: string | null;
  schedule: { workingHours: object | null; appointments: AppointmentView[]; availableSlots: string[] };
}

/** What an answer shows, and which resources it shows it from. */
export interface ShownSchedule {
  view: Schedule;
  resources: string[];
  patients: string[];
}

const MOST_APPOINTMENTS = 500;

/**
 * A provider's day at a place, on the clock of the place.
 * @throws ProblemError invalid (422) for a location that nothing has.
 */
export async function scheduleOf(
  access: StoreAccess,
  viewer: Viewer,
  provider: Provider,
  request: ScheduleRequest,
): Promise<ShownSchedule> {
  const location = await placeOf(access, viewer, provider, request.location);
  const zone = zoneOf(location);
  const date = request.date ?? DateTime.now().setZone(zone).toISODate() ?? '';
  const day = DateTime.fromISO(date, { zone }).startOf('day');
  const appointments = (await appointmentsOn(access, viewer, provider, day)).filter(
    (appointment) => isShown(appointment) && isAt(appointment, location),
  );
  const written = await slotsOn(access, viewer, provider, { day, location });
  const busy = [...appointments.filter(takesTime).map(timeOf), ...written.busy];
  const windows = windowsOn(provider.role, day);
  const views = appointments.map((appointment) => appointmentView(appointment, zone));
  return {
    view: {
      providerId: `prov_${provider.id}`,
      date,
      location: location?.name ?? null,
      schedule: {
        workingHours: workingHours(windows),
        appointments: views,
        availableSlots:
          written.free === undefined ? freeSlots(windows, day, busy) : freeStarts(written.free, zone, busy),
      },
    },
    resources: [`Practitioner/${provider.id}`, ...appointments.map(({ id }) => `Appointment/${id ?? ''}`)],
    patients: [...new Set(views.flatMap(({ patientId }) => patientId?.slice('pat_'.length) ?? []))],
  };
}

function timeOf(appointment: Appointment): Busy {
  const start = Date.parse(appointment.start ?? '');
  return { start, end: start + minutesOf(appointment) * 60_000 };
}

async function placeOf(
  access: StoreAccess,
  viewer: Viewer,
  provider: Provider,
  name: string | undefined,
): Promise<(Location & { id: string }) | undefined> {
  if (name === undefined) return provider.locations[0] as (Location & { id: string }) | undefined;
  const own = provider.locations.find((one) => one.name === name) as (Location & { id: string }) | undefined;
  const found = own ?? (await locationNamed(access, viewer, name));
  if (found !== undefined) return found;
  const fields = [{ field: 'location', message: 'There is no location of this name' }];
  throw fieldProblem('invalid', 'Invalid request parameters', fields);
}

/** The provider's appointments that begin on the day, in order. */
async function appointmentsOn(
  access: StoreAccess,
  viewer: Viewer,
  provider: Provider,
  day: DateTime,
): Promise<Appointment[]> {
  const query = new URLSearchParams([
    ['actor', actorsOf(provider).join(',')],
    ['date', `ge${day.toUTC().toISO() ?? ''}`],
    ['date', `lt${day.plus({ days: 1 }).toUTC().toISO() ?? ''}`],
    ['_count', String(MOST_APPOINTMENTS)],
  ]);
  const page = await access.search(viewer, parseSearch('Appointment', query.toString()));
  const found = page.matches.map((match) => match.resource as Appointment);
  return found.sort((a, b) => Date.parse(a.start ?? '') - Date.parse(b.start ?? ''));
}

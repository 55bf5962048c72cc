import type { Location, Patient as FhirPatient } from '@medplum/fhirtypes';
import { queryOptions } from '@tanstack/react-query';
import { nameFrom } from '../ui/words';
import { queryString, request } from './client';
import { searchFor } from './fhir';
import { PATIENTS } from './patients';
import type { User } from './session';

export interface Provider {
  id: string;
  firstName: string | null;
  lastName: string | null;
  title: string | null;
  specialty: string | null;
  locations: string[];
}

/** `HH:MM` on the clock of the place. */
interface Hours {
  start: string;
  end: string;
}

export interface ScheduledAppointment {
  time: string;
  /** Minutes. */
  duration: number;
  patientId: string | null;
  type: string | null;
  status: string;
}

export interface Day {
  providerId: string;
  /** `YYYY-MM-DD` at the place. */
  date: string;
  location: string | null;
  schedule: {
    workingHours: (Hours & { break: Hours | null }) | null;
    appointments: ScheduledAppointment[];
    availableSlots: string[];
  };
}

const SCHEDULE = ['schedule'] as const;
const MINUTE_MS = 60_000;

export const providersQuery = queryOptions({
  queryKey: [...SCHEDULE, 'providers'],
  queryFn: async ({ signal }) =>
    (await request<{ providers: Provider[] }>('/v1/providers', { signal })).providers,
  staleTime: 5 * MINUTE_MS,
});

/** "Emily Johnson, MD". */
export function nameOf({ firstName, lastName, title }: Provider): string {
  return nameFrom([firstName, lastName]) + (title === null ? '' : `, ${title}`);
}

/** The provider that a user is, when the user is one. */
export function ownOf(providers: readonly Provider[], { practitioner }: User): Provider | undefined {
  return practitioner === null ? undefined : providers.find(({ id }) => id === `prov_${practitioner}`);
}

export const dayQuery = (providerId: string, date: string | undefined, location: string | undefined) =>
  queryOptions({
    queryKey: [...SCHEDULE, 'day', providerId, date, location],
    queryFn: ({ signal }) =>
      request<Day>(`/v1/providers/${providerId}/schedule${queryString({ date, location })}`, { signal }),
    refetchInterval: MINUTE_MS,
  });

const ZONE_EXTENSION = 'http://hl7.org/fhir/StructureDefinition/timezone';

/** Time zone of a place (IANA name); UTC where it says none, as the schedule takes it. */
export const zoneQuery = (location: string) =>
  queryOptions({
    queryKey: [...SCHEDULE, 'zone', location],
    queryFn: async ({ signal }) => {
      const [place] = await searchFor<Location>('Location', { 'name:exact': location, _count: 1 }, signal);
      const zone = place?.extension?.find(({ url }) => url === ZONE_EXTENSION);
      return zone?.valueCode ?? 'UTC';
    },
    staleTime: Infinity,
  });

/** Names of the patients of a day, by id, in one request. */
export const namesQuery = (ids: readonly string[]) =>
  queryOptions({
    queryKey: [...PATIENTS, 'names', ids],
    queryFn: async ({ signal }) => {
      const asked = ids.map((id) => id.slice('pat_'.length)).join(',');
      const query = { _id: asked, _elements: 'name', _count: ids.length };
      const patients = await searchFor<FhirPatient>('Patient', query, signal);
      return Object.fromEntries(
        patients.flatMap(({ id, name: [name] = [] }) => {
          const words = [...(name?.given ?? []), name?.family ?? ''].join(' ').trim();
          return id === undefined ? [] : [[`pat_${id}`, words]];
        }),
      ) as Readonly<Record<string, string>>;
    },
    enabled: ids.length > 0,
  });

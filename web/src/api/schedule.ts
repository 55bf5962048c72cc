import type { Bundle, Location, Patient as FhirPatient } from '@medplum/fhirtypes';
import { queryOptions } from '@tanstack/react-query';
import { queryString, request } from './client';
import { PATIENTS } from './patients';

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

export const SCHEDULE = ['schedule'] as const;
const MINUTE_MS = 60_000;

export const providersQuery = queryOptions({
  queryKey: [...SCHEDULE, 'providers'],
  queryFn: async ({ signal }) =>
    (await request<{ providers: Provider[] }>('/v1/providers', { signal })).providers,
  staleTime: 5 * MINUTE_MS,
});

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
      const path = `/fhir/R4/Location${queryString({ 'name:exact': location, _count: 1 })}`;
      const { entry = [] } = await request<Bundle<Location>>(path, { signal });
      const zone = entry[0]?.resource?.extension?.find(({ url }) => url === ZONE_EXTENSION);
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
      const path = `/fhir/R4/Patient${queryString({ _id: asked, _elements: 'name', _count: ids.length })}`;
      const { entry = [] } = await request<Bundle<FhirPatient>>(path, { signal });
      return Object.fromEntries(
        entry.flatMap(({ resource }) => {
          const [name] = resource?.name ?? [];
          const words = [...(name?.given ?? []), name?.family ?? ''].join(' ').trim();
          return resource?.id === undefined ? [] : [[`pat_${resource.id}`, words]];
        }),
      ) as Readonly<Record<string, string>>;
    },
    enabled: ids.length > 0,
  });

import type { Location, Schedule, Slot } from '@medplum/fhirtypes';
import { DateTime } from 'luxon';
import { referencedId } from '../fhir';
import { parseSearch } from '../search';
import { EVERYTHING, type StoreAccess, type StoredVersion, type Viewer } from '../store';
import type { Busy } from './hours';
import type { Provider } from './providers';

/** What an EHR says of a provider's day by Schedules and Slots. https://hl7.org/fhir/R4/slot.html */
export interface WrittenSlots {
  /** Times that can be booked, as `HH:MM` of the place's clock; undefined when nothing of the day is divided into slots. */
  free: Slot[] | undefined;
  /** Times that are not to be had, whatever the working hours say. */
  busy: Busy[];
}

const MOST_SCHEDULES = 100;
const MOST_SLOTS = 1000;
/** Slots of these statuses divide the day into times to be booked; others only take time away. */
const BOOKABLE: readonly Slot['status'][] = ['free', 'busy'];

/** The provider's Slots of a day at a place. */
export async function slotsOn(
  access: StoreAccess,
  viewer: Viewer,
  provider: Provider,
  { day, location }: { day: DateTime; location: (Location & { id: string }) | undefined },
): Promise<WrittenSlots> {
  const schedules = (await found(access, viewer, 'Schedule', {
    actor: actorsOf(provider).join(','),
    _count: String(MOST_SCHEDULES),
  })) as Schedule[];
  const here = schedules.filter((schedule) => schedule.active !== false && isAt(schedule, location));
  if (here.length === 0) return { free: undefined, busy: [] };
  const slots = (await found(access, viewer, 'Slot', [
    ['schedule', here.map(({ id }) => `Schedule/${id ?? ''}`).join(',')],
    ['start', `ge${day.toUTC().toISO() ?? ''}`],
    ['start', `lt${day.plus({ days: 1 }).toUTC().toISO() ?? ''}`],
    ['_count', String(MOST_SLOTS)],
  ])) as Slot[];
  const sound = slots.filter(({ status }) => status !== 'entered-in-error');
  const isDivided = sound.some(({ status }) => BOOKABLE.includes(status));
  return {
    free: isDivided ? sound.filter(({ status }) => status === 'free') : undefined,
    busy: sound.filter(({ status }) => status !== 'free').map(timeOf),
  };
}

/** References that stand for the provider at the practice. */
export function actorsOf({ id, role }: Provider): string[] {
  return [`Practitioner/${id}`, ...(role?.id ? [`PractitionerRole/${role.id}`] : [])];
}

/** Starts of the slots that nothing takes, as `HH:MM` of the zone's clock, in order. */
export function freeStarts(slots: readonly Slot[], zone: string, busy: readonly Busy[]): string[] {
  const free = slots.map(timeOf).filter(({ start, end }) => {
    return !busy.some((one) => one.start < end && start < one.end);
  });
  const starts = free.map(({ start }) => start).sort((a, b) => a - b);
  return [...new Set(starts.map((start) => DateTime.fromMillis(start, { zone }).toFormat('HH:mm')))];
}

function timeOf({ start, end }: Slot): Busy {
  return { start: Date.parse(start ?? ''), end: Date.parse(end ?? '') };
}

/** A Schedule that names no place counts everywhere, as an appointment does. */
function isAt({ actor }: Schedule, location: (Location & { id: string }) | undefined): boolean {
  const places = (actor ?? []).flatMap((one) => referencedId(one, 'Location') ?? []);
  return places.length === 0 || location === undefined || places.includes(location.id);
}

/**
 * What the practice wrote, or an EHR of the whole deployment: that belongs to no practice, and says nothing of a patient.
 * What another practice keeps of the same person is not shown.
 */
async function found(
  access: StoreAccess,
  viewer: Viewer,
  type: 'Schedule' | 'Slot',
  query: Record<string, string> | [string, string][],
): Promise<StoredVersion['resource'][]> {
  const page = await access.search(EVERYTHING, parseSearch(type, new URLSearchParams(query).toString()));
  const isSeen = ({ access: holders }: StoredVersion): boolean =>
    viewer.practice === undefined ||
    holders.includes(viewer.practice) ||
    holders.every((holder) => holder === '');
  return page.matches.filter((match) => isSeen(match)).map(({ resource }) => resource);
}

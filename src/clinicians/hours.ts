import type { PractitionerRole, PractitionerRoleAvailableTime } from '@medplum/fhirtypes';
import type { DateTime } from 'luxon';

/** A part of a day in minutes from midnight, on the clock of the place. */
export interface Window {
  from: number;
  to: number;
}

/** Working hours of a role that says none: decisions, "Schedule". */
const USUAL: readonly Window[] = [
  { from: 9 * 60, to: 12 * 60 },
  { from: 13 * 60, to: 17 * 60 },
];

const SLOT_MINUTES = 30;
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** When the role works on a day, joined where windows touch; empty when it does not. */
export function windowsOn(role: PractitionerRole | undefined, day: DateTime): Window[] {
  const away = role?.notAvailable?.some(({ during }) => covers(during, day)) ?? false;
  if (away) return [];
  const times = role?.availableTime ?? [];
  if (times.length === 0) return [...USUAL];
  const weekday = DAYS[day.weekday - 1];
  const today = times.filter(
    ({ daysOfWeek }) => daysOfWeek === undefined || daysOfWeek.some((one) => one === weekday),
  );
  return joined(today.flatMap(windowOf));
}

function covers(period: { start?: string; end?: string } | undefined, day: DateTime): boolean {
  const date = day.toISODate() ?? '';
  const from = period?.start?.slice(0, 10) ?? '0000';
  const to = period?.end?.slice(0, 10) ?? '9999';
  return period !== undefined && from <= date && date <= to;
}

function windowOf({ allDay, availableStartTime, availableEndTime }: PractitionerRoleAvailableTime): Window[] {
  if (allDay === true) return [{ from: 0, to: 24 * 60 }];
  const window = { from: minutes(availableStartTime) ?? 0, to: minutes(availableEndTime) ?? 24 * 60 };
  return window.from < window.to ? [window] : [];
}

function minutes(time: string | undefined): number | undefined {
  const [hours, rest] = (time ?? '').split(':').map(Number);
  return hours === undefined || rest === undefined ? undefined : hours * 60 + rest;
}

function joined(windows: readonly Window[]): Window[] {
  const out: Window[] = [];
  for (const window of [...windows].sort((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last !== undefined && window.from <= last.to) last.to = Math.max(last.to, window.to);
    else out.push({ ...window });
  }
  return out;
}

/** `HH:MM`. */
function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** From the first window's start to the last one's end; the break is the gap after the first window. */
export function workingHours(windows: readonly Window[]): object | null {
  const [first, second] = windows;
  const last = windows.at(-1);
  if (first === undefined || last === undefined) return null;
  const pause = second === undefined ? null : { start: clock(first.to), end: clock(second.from) };
  return { start: clock(first.from), end: clock(last.to), break: pause };
}

/** A busy time as instants. */
export interface Busy {
  start: number;
  end: number;
}

/**
 * Free slots of half an hour on a day, as `HH:MM` of the place's clock. Times that daylight saving leaves out on that
 * day are no slots.
 */
export function freeSlots(windows: readonly Window[], day: DateTime, busy: readonly Busy[]): string[] {
  const slots: string[] = [];
  for (const { from, to } of windows) {
    for (let minute = from; minute + SLOT_MINUTES <= to; minute += SLOT_MINUTES) {
      const start = day.set({ hour: Math.floor(minute / 60), minute: minute % 60 });
      if (start.hour * 60 + start.minute !== minute) continue;
      const [low, high] = [start.toMillis(), start.plus({ minutes: SLOT_MINUTES }).toMillis()];
      if (!busy.some((one) => one.start < high && low < one.end)) slots.push(clock(minute));
    }
  }
  return slots;
}

import type { Day, ScheduledAppointment } from '../../api/schedule';
import { minuteOf } from './days';

/** Something that takes up time, in minutes since midnight at the place. */
export interface Block {
  kind: 'appointment' | 'break' | 'free';
  from: number;
  to: number;
  appointment?: ScheduledAppointment;
  /** Column among those that overlap, and how many there are. */
  lane: number;
  lanes: number;
}

export interface Plan {
  /** Full hours that the day's picture begins and ends with, in minutes. */
  from: number;
  to: number;
  /** In the order of the clock. */
  blocks: readonly Block[];
}

const SLOT_MINUTES = 30;
const HOUR = 60;

/** A day's picture: appointments beside each other where they overlap, the break, and what is free between. */
export function planOf({ schedule: { workingHours, appointments, availableSlots } }: Day): Plan {
  const booked = inLanes(appointments);
  const rest = workingHours?.break ?? null;
  const free = availableSlots.map(minuteOf).map((from, index, all) => {
    const until = Math.min(from + SLOT_MINUTES, all[index + 1] ?? Infinity);
    return alone('free', from, until);
  });
  const pause = rest === null ? [] : [alone('break', minuteOf(rest.start), minuteOf(rest.end))];
  const blocks = [...booked, ...free, ...pause].sort((a, b) => a.from - b.from || a.lane - b.lane);
  const starts = [
    ...(workingHours === null ? [] : [minuteOf(workingHours.start)]),
    ...blocks.map(({ from }) => from),
  ];
  const ends = [
    ...(workingHours === null ? [] : [minuteOf(workingHours.end)]),
    ...blocks.map(({ to }) => to),
  ];
  return {
    from: Math.floor(Math.min(...starts, 24 * HOUR) / HOUR) * HOUR,
    to: Math.ceil(Math.max(...ends, 0) / HOUR) * HOUR,
    blocks,
  };
}

function alone(kind: Block['kind'], from: number, to: number): Block {
  return { kind, from, to, lane: 0, lanes: 1 };
}

/** Appointments that overlap, directly or through others, share the width. */
function inLanes(appointments: readonly ScheduledAppointment[]): Block[] {
  const done: Block[] = [];
  let group: Block[] = [];
  const close = (): void => {
    const lanes = Math.max(0, ...group.map(({ lane }) => lane)) + 1;
    done.push(...group.map((block) => ({ ...block, lanes })));
    group = [];
  };
  for (const appointment of [...appointments].sort((a, b) => minuteOf(a.time) - minuteOf(b.time))) {
    const from = minuteOf(appointment.time);
    const to = from + Math.max(appointment.duration, 10);
    if (group.every((block) => block.to <= from)) close();
    let lane = 0;
    while (group.some((block) => block.lane === lane && block.to > from)) lane++;
    group.push({ kind: 'appointment', from, to, appointment, lane, lanes: 1 });
  }
  close();
  return done;
}

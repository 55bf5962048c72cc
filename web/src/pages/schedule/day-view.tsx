import './schedule.css';
import { Anchor, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type CSSProperties } from 'react';
import { type Day, namesQuery } from '../../api/schedule';
import { Link } from '../../app/link';
import { wordsOf } from '../../ui/words';
import { clockOf } from './days';
import { type Block, planOf } from './plan';

const PX_A_MINUTE = 1.5;
/** Width of the column of hours. */
const HOURS_REM = 3.6;
const HOUR = 60;

interface DayViewProps {
  day: Day;
  /** Minutes since midnight at the place, when the day is today there. */
  now: number | undefined;
}

/** A day drawn to scale; for a screen reader a list in the order of the clock. */
export function DayView({ day, now }: DayViewProps) {
  const { from, to, blocks } = planOf(day);
  const ids = day.schedule.appointments.flatMap(({ patientId }) => patientId ?? []);
  const names = useQuery(namesQuery([...new Set(ids)].sort()));
  const top = (minute: number): number => (minute - from) * PX_A_MINUTE;
  const hours = Array.from({ length: (to - from) / HOUR }, (_none, index) => from + index * HOUR);
  return (
    <ol className="day" aria-label="The day" style={{ height: top(to) + 1 }}>
      {hours.map((minute) => (
        <li key={minute} className="hour" style={{ top: top(minute) }} aria-hidden>
          {clockOf(minute)}
        </li>
      ))}
      {blocks.map((block) => (
        <li
          key={`${block.kind}-${block.from}-${block.lane}`}
          className={`block ${block.kind} ${block.appointment?.status ?? ''}`}
          style={placeOf(block, top)}
        >
          <BlockText block={block} names={names.data ?? {}} />
        </li>
      ))}
      {now !== undefined && now >= from && now <= to && (
        <li className="now" style={{ top: top(now) }} aria-label={`Now, ${clockOf(now)}`} />
      )}
    </ol>
  );
}

function placeOf({ from, to, lane, lanes }: Block, top: (minute: number) => number): CSSProperties {
  const share = `(100% - ${HOURS_REM + 0.4}rem) / ${lanes}`;
  return {
    top: top(from) + 1,
    height: top(to) - top(from) - 2,
    left: `calc(${HOURS_REM}rem + ${share} * ${lane})`,
    width: `calc(${share} - 4px)`,
  };
}

function BlockText({ block, names }: { block: Block; names: Readonly<Record<string, string>> }) {
  const { kind, from, to, appointment } = block;
  const time = `${clockOf(from)} – ${clockOf(to)}`;
  if (kind === 'break') return <span>{time} Break</span>;
  if (appointment === undefined) return <>{time} Free</>;
  const { patientId, type, status } = appointment;
  return (
    <>
      <Text span size="sm" fw={600}>
        {time}
      </Text>{' '}
      {patientId === null ? (
        'No patient'
      ) : (
        <Anchor component={Link} to={`/patients/${patientId}`} size="sm">
          {names[patientId] ?? 'Patient'}
        </Anchor>
      )}{' '}
      <Text span size="sm">
        {type === null ? '' : `${wordsOf(type)}, `}
        {wordsOf(status).toLowerCase()}
      </Text>
    </>
  );
}

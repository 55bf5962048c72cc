import { Badge } from '@mantine/core';
import { IconCalendar } from '@tabler/icons-react';
import type { PatientAppointment } from '../../api/patients';
import { type Column, DataTable } from '../../ui/data-table';
import { Empty } from '../../ui/states';
import { CalendarDate } from '../../ui/time';
import { wordsOf } from '../../ui/words';

/** Day and time are the place's own. */
const COLUMNS: readonly Column<PatientAppointment>[] = [
  { header: 'Day', cell: ({ date }) => <CalendarDate date={date} /> },
  { header: 'Time', width: '6rem', cell: ({ time }) => time },
  { header: 'Length', width: '7rem', cell: ({ duration }) => `${duration} min`, wide: true },
  { header: 'Kind', cell: ({ type }) => wordsOf(type) },
  {
    header: 'Status',
    width: '8rem',
    cell: ({ status }) => <Badge color="gray">{wordsOf(status).toLowerCase()}</Badge>,
    wide: true,
  },
];

export function Appointments({ appointments }: { appointments: readonly PatientAppointment[] }) {
  if (appointments.length === 0) return <Empty icon={IconCalendar} title="No appointments" />;
  return (
    <DataTable
      label="Appointments, in the time of their place"
      columns={COLUMNS}
      rows={appointments}
      rowKey={({ id }) => id}
    />
  );
}

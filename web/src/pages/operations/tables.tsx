import { Text } from '@mantine/core';
import type { Operations } from '../../api/operations';
import { type Column, DataTable } from '../../ui/data-table';
import { timeColumn } from '../../ui/time-column';

type Face = Operations['faces'][number];
type Process = Operations['processes'][number];

const NAMES: Readonly<Record<string, string>> = {
  handoffrx: 'HandoffRx',
  dermifi: 'Dermifi',
  fhir: 'FHIR',
  portal: 'Dashboard',
  audit: 'Audit',
  identity: 'Sign-in and tokens',
};

const ms = (value: number | null): string => (value === null ? '–' : `${value} ms`);

const FACES: readonly Column<Face>[] = [
  { header: 'API', cell: ({ face }) => NAMES[face] ?? face },
  { header: 'Requests', width: '6.5rem', align: 'end', cell: ({ requests }) => requests.toLocaleString() },
  { header: '5xx', width: '4.5rem', align: 'end', cell: ({ errors }) => errors.toLocaleString() },
  { header: 'p50', width: '6rem', align: 'end', cell: ({ p50 }) => ms(p50), wide: true },
  { header: 'p95', width: '6rem', align: 'end', cell: ({ p95 }) => ms(p95) },
];

export function Faces({ faces }: { faces: readonly Face[] }) {
  if (faces.length === 0)
    return (
      <Text size="sm" c="dimmed">
        No requests yet; the first figures come after ten seconds.
      </Text>
    );
  return <DataTable label="APIs" columns={FACES} rows={faces} rowKey={({ face }) => face} />;
}

const PROCESSES: readonly Column<Process>[] = [
  { header: 'Process', cell: ({ name }) => <span className="mono">{name}</span> },
  timeColumn('Started', ({ startedAt }) => startedAt),
  {
    header: 'Memory',
    width: '6.5rem',
    align: 'end',
    cell: ({ memoryBytes }) => `${Math.round(memoryBytes / 2 ** 20)} MB`,
  },
];

export function Processes({ processes }: { processes: readonly Process[] }) {
  if (processes.length === 0)
    return (
      <Text size="sm" c="dimmed">
        No process told of itself in the last half minute.
      </Text>
    );
  return <DataTable label="Processes" columns={PROCESSES} rows={processes} rowKey={({ name }) => name} />;
}

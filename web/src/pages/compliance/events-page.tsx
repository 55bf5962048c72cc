import type { AuditEvent } from '@medplum/fhirtypes';
import { Button } from '@mantine/core';
import { IconFileExport, IconListSearch } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useSearch } from 'wouter';
import { eventsQuery, type TrailFilter } from '../../api/audit';
import { Link } from '../../app/link';
import type { Column } from '../../ui/data-table';
import { EndlessTable } from '../../ui/endless-table';
import { Page } from '../../ui/page';
import { Empty } from '../../ui/states';
import { whenOf } from './columns';
import { describe } from './describe';
import { Outcome } from './outcome';
import { TrailFilterBar, useTrailFilter } from './trail-filter';

const COLUMNS: readonly Column<AuditEvent>[] = [
  whenOf(({ id = '', recorded }) => ({ event: id, at: recorded })),
  { header: 'Who', cell: (event) => describe(event).who },
  { header: 'Practice', wide: true, cell: (event) => describe(event).practice ?? '–' },
  { header: 'What', width: '11rem', wide: true, cell: (event) => describe(event).what },
  { header: 'About', wide: true, cell: (event) => aboutOf(event) },
  {
    header: 'Outcome',
    width: 'clamp(5.6rem, 12vw, 6.6rem)',
    cell: ({ outcome }) => <Outcome outcome={outcome} />,
  },
];

function aboutOf(event: AuditEvent): string {
  const { patients, resources } = describe(event);
  const [first] = resources;
  if (patients.length === 1) return `Patient/${patients[0] ?? ''}`;
  if (patients.length > 1) return `${patients.length} patients`;
  return first ?? '–';
}

export default function EventsPage() {
  const [filter, change] = useTrailFilter();
  const search = useSearch();
  return (
    <Page
      title="Audit trail"
      lead="Every access through every face, the newest first."
      actions={
        <Button
          component={Link}
          to={`/compliance/exports${search === '' ? '' : `?${search}`}`}
          variant="default"
          leftSection={<IconFileExport size={17} />}
        >
          Export these
        </Button>
      }
    >
      <TrailFilterBar filter={filter} onChange={change} />
      <Events filter={filter} />
    </Page>
  );
}

function Events({ filter }: { filter: TrailFilter }) {
  return (
    <EndlessTable
      found={useInfiniteQuery(eventsQuery(filter))}
      rowsOf={({ events }) => events}
      what={['event', 'events']}
      label="Events"
      columns={COLUMNS}
      rowKey={({ id = '' }) => id}
      none={
        <Empty icon={IconListSearch} title="No event fits">
          Take a filter away. Refused accesses are events too.
        </Empty>
      }
    />
  );
}

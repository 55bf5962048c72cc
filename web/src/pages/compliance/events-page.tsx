import type { AuditEvent } from '@medplum/fhirtypes';
import { Anchor, Button, Text } from '@mantine/core';
import { IconFileExport, IconListSearch } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useSearch } from 'wouter';
import { eventsQuery, type TrailFilter } from '../../api/audit';
import { Link } from '../../app/link';
import { type Column, DataTable } from '../../ui/data-table';
import { Page } from '../../ui/page';
import { Empty, Failure, Loading } from '../../ui/states';
import { Time } from '../../ui/time';
import { describe } from './describe';
import { Outcome } from './outcome';
import { TrailFilterBar, useTrailFilter } from './trail-filter';

const COLUMNS: readonly Column<AuditEvent>[] = [
  {
    header: 'When',
    width: '11.8rem',
    cell: ({ id = '', recorded }) => (
      <Anchor component={Link} size="sm" to={`/compliance/events/${id}`}>
        <Time at={recorded} />
      </Anchor>
    ),
  },
  { header: 'Who', cell: (event) => describe(event).who },
  { header: 'Practice', wide: true, cell: (event) => describe(event).practice ?? '–' },
  { header: 'What', width: '11rem', wide: true, cell: (event) => describe(event).what },
  { header: 'About', wide: true, cell: (event) => aboutOf(event) },
  { header: 'Outcome', width: '6.6rem', cell: ({ outcome }) => <Outcome outcome={outcome} /> },
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
  const found = useInfiniteQuery(eventsQuery(filter));
  if (found.isPending) return <Loading />;
  if (found.isError && found.data === undefined)
    return <Failure error={found.error} retry={() => void found.refetch()} />;
  const rows = found.data?.pages.flatMap(({ events }) => events) ?? [];
  if (rows.length === 0)
    return (
      <Empty icon={IconListSearch} title="No event fits">
        Take a filter away. Refused accesses are events too.
      </Empty>
    );
  return (
    <>
      <Text size="sm" c="dimmed" role="status">
        {rows.length.toLocaleString()} {rows.length === 1 ? 'event' : 'events'}
        {found.hasNextPage && ', more as you scroll'}
      </Text>
      <DataTable
        label="Events"
        columns={COLUMNS}
        rows={rows}
        rowKey={({ id = '' }) => id}
        maxHeight="calc(100dvh - 20rem)"
        onEnd={() => {
          if (found.hasNextPage && !found.isFetching) void found.fetchNextPage();
        }}
      />
    </>
  );
}

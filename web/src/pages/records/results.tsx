import { ActionIcon, Anchor, Badge, Button, CopyButton, Group, Text } from '@mantine/core';
import { IconCheck, IconChevronLeft, IconChevronRight, IconCopy, IconDatabaseOff } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { Found, Stored } from '../../api/fhir';
import { Link } from '../../app/link';
import { type Column, DataTable } from '../../ui/data-table';
import { Empty, Loading } from '../../ui/states';
import { timeColumn } from '../../ui/time-column';
import { dateOf, statusOf, subjectOf, titleOf } from './outline';
import { FhirTime } from './times';

const COLUMNS: readonly Column<Stored & { isIncluded: boolean }>[] = [
  {
    header: 'Resource',
    cell: (resource) => (
      <Anchor component={Link} to={`/records/${resource.resourceType}/${resource.id}`} size="sm">
        {titleOf(resource) || <span className="mono">{resource.id}</span>}
      </Anchor>
    ),
  },
  {
    header: 'Type',
    width: '9.5rem',
    wide: true,
    cell: ({ resourceType, isIncluded }) => (
      <>
        {resourceType} {isIncluded && <Badge color="gray">included</Badge>}
      </>
    ),
  },
  { header: 'Status', width: '6.5rem', cell: statusOf },
  {
    header: 'About',
    width: '9rem',
    wide: true,
    cell: (resource) => {
      const subject = subjectOf(resource);
      return subject === undefined || !/^[A-Z]\w+\/[^/]+$/.test(subject) ? (
        '–'
      ) : (
        <Anchor component={Link} to={`/records/${subject}`} size="sm">
          {subject}
        </Anchor>
      );
    },
  },
  { header: 'Date', width: '8.3rem', cell: (resource) => <FhirTime at={dateOf(resource)} isShort /> },
  timeColumn('Changed', ({ meta }) => meta?.lastUpdated),
];

interface SearchResultsProps {
  path: string;
  search: UseQueryResult<Found>;
  onPage: (path: string) => void;
}

/** One page of a search, the query that brought it, and the way to its neighbours. */
export function SearchResults({ path, search, onPage }: SearchResultsProps) {
  return (
    <>
      <AskedFor url={window.location.origin + path} />
      {search.isPending && <Loading label="Searching" />}
      {search.isSuccess && <FoundTable found={search.data} onPage={onPage} />}
    </>
  );
}

/** The query as an integration would send it. */
function AskedFor({ url }: { url: string }) {
  return (
    <Group gap="xs" wrap="nowrap" align="center">
      <Badge color="gray">GET</Badge>
      <Text className="mono" size="sm" flex={1} miw={0} data-query>
        {url}
      </Text>
      <CopyButton value={url}>
        {({ copied, copy }) => (
          <ActionIcon
            variant="default"
            size="lg"
            onClick={copy}
            aria-label={copied ? 'Copied' : 'Copy the query'}
          >
            {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          </ActionIcon>
        )}
      </CopyButton>
    </Group>
  );
}

function FoundTable({ found, onPage }: { found: Found; onPage: (path: string) => void }) {
  const { matches, included, total, next, previous } = found;
  const rows = [
    ...matches.map((resource) => ({ ...resource, isIncluded: false })),
    ...included.map((resource) => ({ ...resource, isIncluded: true })),
  ];
  const turn = (to: string | undefined) => ({ disabled: to === undefined, onClick: () => to && onPage(to) });
  if (rows.length === 0 && previous === undefined) {
    return (
      <Empty icon={IconDatabaseOff} title="Nothing matches">
        Or what matches is not yours to see. Leave a parameter out, or look for less of a word.
      </Empty>
    );
  }
  return (
    <>
      <Group justify="space-between">
        <Text size="sm" role="status">
          {total === undefined ? `${matches.length} on this page` : `${matches.length} of ${total}`}
          {included.length > 0 && `, and ${included.length} brought along`}
        </Text>
        <Group gap="xs" component="nav" aria-label="Pages of results">
          <Button variant="default" size="xs" leftSection={<IconChevronLeft size={15} />} {...turn(previous)}>
            Previous
          </Button>
          <Button variant="default" size="xs" rightSection={<IconChevronRight size={15} />} {...turn(next)}>
            Next
          </Button>
        </Group>
      </Group>
      <DataTable
        label="Results"
        columns={COLUMNS}
        rows={rows}
        rowKey={({ resourceType, id }) => `${resourceType}/${id}`}
        maxHeight="70dvh"
      />
    </>
  );
}

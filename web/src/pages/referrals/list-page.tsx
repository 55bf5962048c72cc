import { Anchor, Button, Group, Text } from '@mantine/core';
import { IconInbox, IconPlus } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useSearchParams } from 'wouter';
import { type Box, type ListedReferral, referralsQuery } from '../../api/referrals';
import { Link } from '../../app/link';
import { useUser } from '../../app/session';
import { type Column, DataTable } from '../../ui/data-table';
import { Page } from '../../ui/page';
import { Empty, Failure, Loading } from '../../ui/states';
import { Time } from '../../ui/time';
import { FilterBar, type Filters, filtersIn, searchOf } from './filters';
import { nameOf, StatusBadge, UrgentBadge } from './status';

const CLIENT: Column<ListedReferral> = {
  header: 'Client',
  cell: (referral) => (
    <Group gap={8} wrap="nowrap">
      <Anchor component={Link} to={`/referrals/${referral.id}`} size="sm" truncate>
        {nameOf(referral)}
      </Anchor>
      {referral.is_urgent && <UrgentBadge />}
    </Group>
  ),
};

/** The other side: who sent it, or to whom it went. */
function otherSide(box: Box): Column<ListedReferral> {
  const header = { inbox: 'From', sent: 'To', all: 'From or to' }[box];
  return {
    header,
    wide: true,
    cell: ({ direction, sender, sent_to_practice }) => {
      const name = (direction === 'sent' ? sent_to_practice : sender) ?? '–';
      return box === 'all' ? `${direction === 'sent' ? 'to' : 'from'} ${name}` : name;
    },
  };
}

const REST: readonly Column<ListedReferral>[] = [
  { header: 'Service', wide: true, cell: ({ service_needed }) => service_needed ?? '–' },
  { header: 'Level', width: '7rem', wide: true, cell: ({ level_of_care }) => level_of_care ?? '–' },
  { header: 'Status', width: '7rem', cell: ({ status }) => <StatusBadge status={status} /> },
  { header: 'Created', width: '11.8rem', wide: true, cell: ({ created_at }) => <Time at={created_at} /> },
];

export default function ReferralsPage() {
  const { practice, scopes } = useUser();
  const [search, setSearch] = useSearchParams();
  const [client, setClient] = useState('');
  const filters = filtersIn(search);
  const change = (changed: Partial<Filters>): void =>
    setSearch(
      (present) => {
        const next = new URLSearchParams(present);
        for (const [name, value] of Object.entries(changed))
          if (value === '') next.delete(name);
          else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return (
    <Page
      title="Referrals"
      lead={`Referrals sent to ${practice ?? 'your practice'}, and by it.`}
      actions={scopes.includes('referrals:write') && <NewReferral />}
    >
      <FilterBar filters={filters} onChange={change} onClient={setClient} />
      <Results filters={filters} client={client} />
    </Page>
  );
}

function NewReferral() {
  return (
    <Button component={Link} to="/referrals/new" leftSection={<IconPlus size={17} />}>
      New referral
    </Button>
  );
}

function Results({ filters, client }: { filters: Filters; client: string }) {
  const { box } = filters;
  const found = useInfiniteQuery(referralsQuery(searchOf(filters, client)));
  const columns = useMemo(() => [CLIENT, otherSide(box), ...REST], [box]);
  if (found.isPending) return <Loading />;
  if (found.isError && found.data === undefined)
    return <Failure error={found.error} retry={() => void found.refetch()} />;
  const rows = found.data?.pages.flatMap(({ data }) => data) ?? [];
  const count = found.data?.pages[0]?.count ?? rows.length;
  if (rows.length === 0) return <NothingFound filters={filters} client={client} />;
  return (
    <>
      <Text size="sm" c="dimmed" role="status">
        {count.toLocaleString()} {count === 1 ? 'referral' : 'referrals'}
      </Text>
      <DataTable
        label="Referrals"
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        count={count}
        maxHeight="calc(100dvh - 20rem)"
        onEnd={() => {
          if (found.hasNextPage && !found.isFetching) void found.fetchNextPage();
        }}
      />
    </>
  );
}

function NothingFound({ filters, client }: { filters: Filters; client: string }) {
  const { box, ...narrowing } = filters;
  const isNarrow = client !== '' || Object.values(narrowing).some((value) => value !== '');
  if (isNarrow)
    return (
      <Empty icon={IconInbox} title="No referral fits">
        Take a filter away, or look in another box.
      </Empty>
    );
  return box === 'inbox' ? (
    <Empty icon={IconInbox} title="Your inbox is empty">
      What other practices send you arrives here at once.
    </Empty>
  ) : (
    <Empty icon={IconInbox} title="No referrals yet" action={<NewReferral />}>
      Refer a client to a provider of the directory; the match helps to find one.
    </Empty>
  );
}

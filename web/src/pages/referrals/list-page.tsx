import { Anchor, Button, Group } from '@mantine/core';
import { IconInbox, IconPlus } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { type Box, type ListedReferral, referralsQuery } from '../../api/referrals';
import { Link } from '../../app/link';
import { useUser } from '../../app/session';
import { useAddress } from '../../ui/address';
import type { Column } from '../../ui/data-table';
import { EndlessTable } from '../../ui/endless-table';
import { Page } from '../../ui/page';
import { Empty } from '../../ui/states';
import { timeColumn } from '../../ui/time-column';
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
  timeColumn('Created', ({ created_at }) => created_at),
];

export default function ReferralsPage() {
  const { practice, scopes } = useUser();
  const [search, change] = useAddress();
  const [client, setClient] = useState('');
  const filters = filtersIn(search);
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
  return (
    <EndlessTable
      found={useInfiniteQuery(referralsQuery(searchOf(filters, client)))}
      rowsOf={({ data }) => data}
      countOf={({ count }) => count}
      what={['referral', 'referrals']}
      label="Referrals"
      columns={useMemo(() => [CLIENT, otherSide(box), ...REST], [box])}
      rowKey={({ id }) => id}
      none={<NothingFound filters={filters} client={client} />}
    />
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

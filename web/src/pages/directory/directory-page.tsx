import { Anchor, Checkbox, Group } from '@mantine/core';
import { IconAddressBook } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { COUNTIES, type Provider, type ProviderFilter, providersQuery, slotsOf } from '../../api/directory';
import { LEVELS } from '../../api/referrals';
import { Link } from '../../app/link';
import { useUser } from '../../app/session';
import { AnyOf } from '../../ui/any-of';
import { useAddress } from '../../ui/address';
import type { Column } from '../../ui/data-table';
import { EndlessTable } from '../../ui/endless-table';
import { Page } from '../../ui/page';
import { Empty } from '../../ui/states';
import { referTo, Slots } from './slots';

const COLUMNS: readonly Column<Provider>[] = [
  { header: 'Practice', cell: ({ practice }) => practice },
  { header: 'County', width: '8rem', wide: true, cell: ({ county }) => county ?? '–' },
  { header: 'Type', width: '7rem', cell: ({ facility_type }) => facility_type ?? '–' },
  {
    header: 'Free places',
    width: '14.5rem',
    wide: true,
    cell: (provider) => <Slots slots={slotsOf(provider)} />,
  },
  {
    header: 'Insurance',
    wide: true,
    cell: ({ insurance_accepted: plans }) => <span title={plans.join(', ')}>{plans.join(', ') || '–'}</span>,
  },
];

const REFER: Column<Provider> = {
  header: 'Refer',
  width: '5.4rem',
  cell: ({ practice, facility_type }) => (
    <Anchor
      component={Link}
      size="sm"
      to={referTo({ practice, level: facility_type })}
      aria-label={`Refer to ${practice}, ${facility_type ?? 'any type'}`}
    >
      Refer
    </Anchor>
  ),
};

export default function DirectoryPage() {
  const { scopes } = useUser();
  const [search, change] = useAddress();
  const county = COUNTIES.find((each) => each === search.get('county'));
  const type = LEVELS.find((each) => each === search.get('type'));
  const isFree = search.get('free') === 'true';
  const filter: ProviderFilter = {
    ...(county !== undefined && { county }),
    ...(type !== undefined && { facility_type: type }),
    ...(isFree && { has_availability: 'true' }),
  };
  return (
    <Page title="Directory" lead="Providers that accept clients now, with the places that they have free.">
      <Group align="flex-end" gap="sm">
        <AnyOf
          label="County"
          none="All of Arizona"
          searchable
          data={[...COUNTIES]}
          value={county ?? ''}
          onChange={(value) => change({ county: value })}
          w={{ base: '47%', xs: 190 }}
        />
        <AnyOf
          label="Type"
          data={[...LEVELS]}
          value={type ?? ''}
          onChange={(value) => change({ type: value })}
          w={{ base: '47%', xs: 160 }}
        />
        <Checkbox
          label="With free places"
          checked={isFree}
          onChange={({ currentTarget: { checked } }) => change({ free: checked ? 'true' : '' })}
          mb={8}
        />
      </Group>
      <Providers filter={filter} mayRefer={scopes.includes('referrals:write')} />
    </Page>
  );
}

function Providers({ filter, mayRefer }: { filter: ProviderFilter; mayRefer: boolean }) {
  return (
    <EndlessTable
      found={useInfiniteQuery(providersQuery(filter))}
      rowsOf={({ data }) => data}
      countOf={({ count }) => count}
      what={['provider', 'providers']}
      label="Providers"
      columns={mayRefer ? [...COLUMNS, REFER] : COLUMNS}
      rowKey={({ id }) => id}
      none={
        <Empty icon={IconAddressBook} title="No provider fits">
          Take a filter away, or ask the match for what comes nearest.
        </Empty>
      }
    />
  );
}

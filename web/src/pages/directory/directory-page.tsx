import { Anchor, Checkbox, Group, Select, Text } from '@mantine/core';
import { IconAddressBook } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { COUNTIES, type Provider, type ProviderFilter, providersQuery, slotsOf } from '../../api/directory';
import { LEVELS } from '../../api/referrals';
import { Link } from '../../app/link';
import { useUser } from '../../app/session';
import { type Column, DataTable } from '../../ui/data-table';
import { Page } from '../../ui/page';
import { Empty, Failure, Loading } from '../../ui/states';
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
  const [search, setSearch] = useSearchParams();
  const county = COUNTIES.find((each) => each === search.get('county'));
  const type = LEVELS.find((each) => each === search.get('type'));
  const isFree = search.get('free') === 'true';
  const filter: ProviderFilter = {
    ...(county !== undefined && { county }),
    ...(type !== undefined && { facility_type: type }),
    ...(isFree && { has_availability: 'true' }),
  };
  const choose = (name: string, value: string | null): void =>
    setSearch(
      (present) => {
        const next = new URLSearchParams(present);
        if (value === null) next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return (
    <Page title="Directory" lead="Providers that accept clients now, with the places that they have free.">
      <Group align="flex-end" gap="sm">
        <Select
          label="County"
          placeholder="All of Arizona"
          clearable
          clearButtonProps={{ 'aria-label': 'All of Arizona' }}
          searchable
          data={[...COUNTIES]}
          value={county ?? null}
          onChange={(value) => choose('county', value)}
          w={{ base: '47%', xs: 190 }}
        />
        <Select
          label="Type"
          placeholder="Any"
          clearable
          clearButtonProps={{ 'aria-label': 'Any type' }}
          data={[...LEVELS]}
          value={type ?? null}
          onChange={(value) => choose('type', value)}
          w={{ base: '47%', xs: 160 }}
        />
        <Checkbox
          label="With free places"
          checked={isFree}
          onChange={({ currentTarget: { checked } }) => choose('free', checked ? 'true' : null)}
          mb={8}
        />
      </Group>
      <Providers filter={filter} mayRefer={scopes.includes('referrals:write')} />
    </Page>
  );
}

function Providers({ filter, mayRefer }: { filter: ProviderFilter; mayRefer: boolean }) {
  const found = useInfiniteQuery(providersQuery(filter));
  if (found.isPending) return <Loading />;
  if (found.isError && found.data === undefined)
    return <Failure error={found.error} retry={() => void found.refetch()} />;
  const rows = found.data?.pages.flatMap(({ data }) => data) ?? [];
  const count = found.data?.pages[0]?.count ?? 0;
  if (rows.length === 0)
    return (
      <Empty icon={IconAddressBook} title="No provider fits">
        Take a filter away, or ask the match for what comes nearest.
      </Empty>
    );
  return (
    <>
      <Text size="sm" c="dimmed" role="status">
        {count.toLocaleString()} {count === 1 ? 'provider' : 'providers'}
      </Text>
      <DataTable
        label="Providers"
        columns={mayRefer ? [...COLUMNS, REFER] : COLUMNS}
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

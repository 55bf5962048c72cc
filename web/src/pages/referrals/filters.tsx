import { Group, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { type Box, LEVELS, type ReferralFilter, STATUSES } from '../../api/referrals';
import { AnyOf } from '../../ui/any-of';

/** Filters as they stand in the address; the client's name stays out of it. */
export interface Filters {
  box: Box;
  status: string;
  level: string;
  /** Calendar dates of the user's zone. */
  from: string;
  to: string;
}

const BOXES = [
  { value: 'inbox', label: 'Inbox' },
  { value: 'sent', label: 'Sent' },
  { value: 'all', label: 'All' },
];
const CLIENT_WAIT_MS = 300;

export function filtersIn(search: URLSearchParams): Filters {
  const text = (name: string): string => search.get(name) ?? '';
  const box = text('box');
  return {
    box: box === 'sent' || box === 'all' ? box : 'inbox',
    status: text('status'),
    level: text('level'),
    from: text('from'),
    to: text('to'),
  };
}

/** What the server is asked for: days become instants of the user's zone. */
export function searchOf({ box, status, level, from, to }: Filters, client: string): ReferralFilter {
  const known = STATUSES.find((each) => each === status);
  return {
    box,
    ...(known !== undefined && { status: known }),
    ...(level !== '' && { levelOfCare: level }),
    ...(from !== '' && { from: new Date(`${from}T00:00:00`).toISOString() }),
    ...(to !== '' && { to: startOfNextDay(to).toISOString() }),
    ...(client.trim() !== '' && { client: client.trim() }),
  };
}

function startOfNextDay(date: string): Date {
  const day = new Date(`${date}T00:00:00`);
  day.setDate(day.getDate() + 1);
  return day;
}

interface FilterBarProps {
  filters: Filters;
  onChange: (changed: Partial<Filters>) => void;
  /** Told a moment after the last key. */
  onClient: (client: string) => void;
}

export function FilterBar({ filters, onChange, onClient }: FilterBarProps) {
  const [client, setClient] = useState('');
  const search = useDebouncedCallback(onClient, CLIENT_WAIT_MS);
  return (
    <Group align="flex-end" gap="xs">
      <SegmentedControl
        aria-label="Which referrals"
        data={BOXES}
        value={filters.box}
        onChange={(box) => onChange({ box: box as Box })}
      />
      <TextInput
        label="Client"
        placeholder="Name or AHCCCS id"
        type="search"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={client}
        onChange={({ currentTarget: { value } }) => {
          setClient(value);
          search(value);
        }}
        w={{ base: '100%', xs: 190 }}
      />
      <AnyOf
        label="Status"
        data={[...STATUSES]}
        value={filters.status}
        onChange={(status) => onChange({ status })}
        w={{ base: '47%', xs: 128 }}
      />
      <AnyOf
        label="Level of care"
        data={[...LEVELS]}
        value={filters.level}
        onChange={(level) => onChange({ level })}
        w={{ base: '47%', xs: 138 }}
      />
      <TextInput
        label="From"
        type="date"
        value={filters.from}
        onChange={({ currentTarget: { value } }) => onChange({ from: value })}
        w={{ base: '47%', xs: 138 }}
      />
      <TextInput
        label="To"
        type="date"
        value={filters.to}
        onChange={({ currentTarget: { value } }) => onChange({ to: value })}
        w={{ base: '47%', xs: 138 }}
      />
    </Group>
  );
}

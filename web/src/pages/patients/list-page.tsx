import { Anchor, Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPlus, IconSearch, IconUsers } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { PAGE_SIZE } from '../../api/paged';
import { type ListedPatient, patientsQuery } from '../../api/patients';
import { Link } from '../../app/link';
import { mayWrite } from '../../app/rights';
import { useUser } from '../../app/session';
import { type Column, DataTable } from '../../ui/data-table';
import { Page } from '../../ui/page';
import { pageIn, Pager, PastEnd } from '../../ui/pager';
import { Await, Empty } from '../../ui/states';
import { CalendarDate } from '../../ui/time';
import { timeColumn } from '../../ui/time-column';
import { nameFrom } from '../../ui/words';
import { PatientStatusBadge } from './status';

const COLUMNS: readonly Column<ListedPatient>[] = [
  {
    header: 'Patient',
    cell: ({ id, firstName, lastName }) => (
      <Anchor component={Link} to={`/patients/${id}`} size="sm">
        {nameFrom([lastName, firstName], ', ')}
      </Anchor>
    ),
  },
  { header: 'Born', width: '8rem', cell: ({ dateOfBirth }) => <CalendarDate date={dateOfBirth} /> },
  { header: 'Phone', width: '11rem', cell: ({ phone }) => phone ?? '–', wide: true },
  { header: 'Insurance', cell: ({ insurance }) => insurance?.provider ?? '–', wide: true },
  { header: 'Status', width: '6.5rem', cell: ({ status }) => <PatientStatusBadge status={status} /> },
  timeColumn('Added', ({ createdAt }) => createdAt),
];

const STATUSES = [
  { value: '', label: 'All' },
  { value: 'active', label: 'Active' },
  { value: 'inactive', label: 'Inactive' },
  { value: 'pending', label: 'Pending' },
];
const ORDERS = [
  { value: 'lastName asc', label: 'Last name' },
  { value: 'firstName asc', label: 'First name' },
  { value: 'createdAt desc', label: 'Newest first' },
  { value: 'createdAt asc', label: 'Oldest first' },
];
const TYPING_MS = 250;

export default function PatientsPage() {
  const user = useUser();
  // What names a patient stays out of the address.
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed.trim(), TYPING_MS);
  const [address, setAddress] = useSearchParams();
  const status = address.get('status') ?? '';
  const sort = address.get('sort') ?? 'lastName asc';
  const [sortBy = '', order = ''] = sort.split(' ');
  const page = pageIn(address);
  const show = (next: Record<string, string>): void => {
    const given = Object.entries({ status, sort, ...next }).filter(([, value]) => value !== '');
    setAddress(Object.fromEntries(given), { replace: true });
  };
  const turnTo = (to: number): void => show({ page: String(to) });
  const patients = useQuery(patientsQuery({ search, status, sortBy, order, page }));
  return (
    <Page
      title="Patients"
      lead="By name, e-mail or phone: the beginnings of words are enough."
      actions={
        mayWrite(user) && (
          <Button component={Link} to="/patients/new" leftSection={<IconPlus size={17} />}>
            New patient
          </Button>
        )
      }
    >
      <Group align="flex-end">
        <TextInput
          label="Find a patient"
          type="search"
          placeholder="Doe, john.doe@…, 555 123"
          leftSection={<IconSearch size={16} />}
          flex={1}
          miw={{ base: '100%', xs: 220 }}
          value={typed}
          onChange={({ currentTarget }) => {
            setTyped(currentTarget.value);
            if (page > 1) show({ page: '' });
          }}
          autoComplete="off"
        />
        <NativeSelect
          label="Status"
          data={STATUSES}
          value={status}
          onChange={({ currentTarget }) => show({ status: currentTarget.value })}
        />
        <NativeSelect
          label="Order"
          data={ORDERS}
          value={sort}
          onChange={({ currentTarget }) => show({ sort: currentTarget.value })}
        />
      </Group>
      <Await query={patients}>
        {({ rows, total }) =>
          rows.length === 0 && total > 0 ? (
            <PastEnd what="patients" total={total} onPage={turnTo} />
          ) : rows.length === 0 ? (
            <Empty icon={IconUsers} title={search === '' ? 'No patients' : 'Nobody matches'}>
              {search === ''
                ? 'They are added here, through the API or by an EHR.'
                : 'Try fewer letters, or another status.'}
            </Empty>
          ) : (
            <>
              <Pager what="patients" page={page} size={PAGE_SIZE} total={total} onPage={turnTo} />
              <DataTable label="Patients" columns={COLUMNS} rows={rows} rowKey={({ id }) => id} />
            </>
          )
        }
      </Await>
    </Page>
  );
}

import { Badge, Button, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus, IconSearch, IconUserOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { usersQuery, type UserStanding } from '../../api/users';
import { ROLE_NAMES, useUser } from '../../app/session';
import { type Column, DataTable } from '../../ui/data-table';
import { Page } from '../../ui/page';
import { Await, Empty } from '../../ui/states';
import { timeColumn } from '../../ui/time-column';
import { UserActions } from './actions';
import { NewUserDialog } from './new-user';

const COLUMNS: readonly Column<UserStanding>[] = [
  { header: 'Name', cell: ({ name, email }) => <span title={email}>{name}</span> },
  { header: 'E-mail', wide: true, cell: ({ email }) => <span title={email}>{email}</span> },
  { header: 'Role', width: '11.8rem', wide: true, cell: ({ role }) => ROLE_NAMES[role] },
  {
    header: 'Practice',
    wide: true,
    cell: ({ practice }) => <span title={practice ?? ''}>{practice ?? 'all'}</span>,
  },
  { header: 'MFA', width: '4.6rem', wide: true, cell: ({ mfa }) => (mfa ? 'on' : 'off') },
  { header: 'Status', width: '6.2rem', cell: (user) => <Standing user={user} /> },
  timeColumn('Last sign-in', ({ lastSignInAt }) => lastSignInAt, 'never'),
  { header: 'Actions', width: '5.8rem', align: 'end', cell: (user) => <UserActions user={user} /> },
];

function Standing({ user: { status, lockedUntil } }: { user: UserStanding }) {
  if (status === 'disabled') return <Badge color="gray">disabled</Badge>;
  if (lockedUntil !== null) return <Badge color="orange">locked</Badge>;
  return <Badge color="green">active</Badge>;
}

export default function UsersPage() {
  const { practice } = useUser();
  const [typed, setTyped] = useState('');
  const [opened, { open, close }] = useDisclosure(false);
  const columns = practice === null ? COLUMNS : COLUMNS.filter(({ header }) => header !== 'Practice');
  return (
    <Page
      title="Users"
      lead={`People who sign in to the dashboard and to the Dermifi API${practice === null ? ', of all practices' : ` for ${practice}`}.`}
      actions={
        <Button leftSection={<IconPlus size={17} />} onClick={open}>
          New user
        </Button>
      }
    >
      <TextInput
        label="Find a user"
        type="search"
        placeholder="Name, e-mail or practice"
        leftSection={<IconSearch size={16} />}
        maw={340}
        value={typed}
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      <Await query={useQuery(usersQuery)}>
        {(users) => {
          const rows = users.filter((user) => fits(user, typed.trim().toLowerCase()));
          return rows.length === 0 ? (
            <Empty icon={IconUserOff} title="Nobody of that name">
              Try fewer letters.
            </Empty>
          ) : (
            <DataTable label="Users" columns={columns} rows={rows} rowKey={({ id }) => id} />
          );
        }}
      </Await>
      <NewUserDialog opened={opened} onClose={close} />
    </Page>
  );
}

function fits({ name, email, practice }: UserStanding, typed: string): boolean {
  return [name, email, practice ?? ''].some((text) => text.toLowerCase().includes(typed));
}

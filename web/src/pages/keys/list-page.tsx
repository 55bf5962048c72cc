import { Anchor, Button, Group, SegmentedControl } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type ApiKey, keysQuery } from '../../api/keys';
import { Link } from '../../app/link';
import { useUser } from '../../app/session';
import { type Column, DataTable } from '../../ui/data-table';
import { Page } from '../../ui/page';
import { Await, Empty } from '../../ui/states';
import { timeColumn } from '../../ui/time-column';
import { NewKeyDialog } from './new-key';
import { KeyStatus } from './status';

const COLUMNS: readonly Column<ApiKey>[] = [
  {
    header: 'Key',
    width: '10.5rem',
    cell: ({ id }) => (
      <Anchor component={Link} to={`/keys/${id}`} className="mono" size="sm">
        {id.slice(0, 14)}…
      </Anchor>
    ),
  },
  { header: 'Practice', cell: ({ practice }) => practice, wide: true },
  { header: 'Plan', width: '6.7rem', cell: ({ plan }) => plan },
  { header: 'Status', width: '6.7rem', cell: (apiKey) => <KeyStatus apiKey={apiKey} /> },
  { header: 'Scopes', width: '5.5rem', cell: ({ scopes }) => `${scopes.length} of 3`, wide: true },
  timeColumn('Last used', ({ lastUsedAt }) => lastUsedAt, 'never'),
  timeColumn('Created', ({ createdAt }) => createdAt),
];

export default function KeysPage() {
  const { practice } = useUser();
  const keys = useQuery(keysQuery);
  // Whoever belongs to a practice sees its keys alone.
  const columns = practice === null ? COLUMNS : COLUMNS.filter(({ header }) => header !== 'Practice');
  const [shown, setShown] = useState('active');
  const [opened, { open, close }] = useDisclosure(false);
  const create = (
    <Button leftSection={<IconPlus size={17} />} onClick={open}>
      New key
    </Button>
  );
  return (
    <Page
      title="API keys"
      lead={`Keys of the HandoffRx API${practice === null ? ', of all practices' : ` for ${practice}`}. A key is shown once, when it is made.`}
      actions={create}
    >
      <Await query={keys}>
        {(all) => {
          const rows = shown === 'all' ? all : all.filter(({ status }) => status === 'active');
          return (
            <>
              <Group>
                <SegmentedControl
                  aria-label="Which keys"
                  value={shown}
                  onChange={setShown}
                  data={[
                    { value: 'active', label: 'Active' },
                    { value: 'all', label: 'All' },
                  ]}
                />
              </Group>
              {rows.length === 0 ? (
                <Empty icon={IconKey} title="No keys yet" action={create}>
                  An integration signs its requests with a key. Make one for each system that connects.
                </Empty>
              ) : (
                <DataTable label="API keys" columns={columns} rows={rows} rowKey={({ id }) => id} />
              )}
            </>
          );
        }}
      </Await>
      <NewKeyDialog opened={opened} onClose={close} />
    </Page>
  );
}

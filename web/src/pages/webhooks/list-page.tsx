import { Anchor, Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus, IconWebhook } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type Webhook, webhooksQuery } from '../../api/webhooks';
import { Link } from '../../app/link';
import { useUser } from '../../app/session';
import { type Column, DataTable } from '../../ui/data-table';
import { Page } from '../../ui/page';
import { Await, Empty } from '../../ui/states';
import { timeColumn } from '../../ui/time-column';
import { NewWebhookDialog } from './new-webhook';
import { WebhookStatus } from './status';

const COLUMNS: readonly Column<Webhook>[] = [
  {
    header: 'Endpoint',
    cell: ({ id, url }) => (
      <Anchor component={Link} to={`/webhooks/${id}`} size="sm">
        {url.replace(/^https?:\/\//, '')}
      </Anchor>
    ),
  },
  { header: 'Practice', width: '13rem', cell: ({ practice }) => practice, wide: true },
  { header: 'Status', width: '6.2rem', cell: (webhook) => <WebhookStatus webhook={webhook} /> },
  { header: 'Events', width: '5.8rem', cell: ({ events }) => `${events.length} of 5`, wide: true },
  { header: 'Waiting', width: '6rem', align: 'end', cell: ({ waiting }) => waiting, wide: true },
  { header: 'Laid aside', width: '7.6rem', align: 'end', cell: ({ dead }) => dead, wide: true },
  timeColumn('Last call', ({ lastAttempt }) => lastAttempt?.at, 'none yet'),
];

export default function WebhooksPage() {
  const { practice } = useUser();
  const webhooks = useQuery(webhooksQuery);
  const columns = practice === null ? COLUMNS : COLUMNS.filter(({ header }) => header !== 'Practice');
  const [opened, { open, close }] = useDisclosure(false);
  const create = (
    <Button leftSection={<IconPlus size={17} />} onClick={open}>
      New webhook
    </Button>
  );
  return (
    <Page
      title="Webhooks"
      lead="Endpoints that are called when a referral changes, whichever API the change came through. Underneath, each is a FHIR Subscription."
      actions={create}
    >
      <Await query={webhooks}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty icon={IconWebhook} title="No webhooks yet" action={create}>
              Give the address of a system that should hear of referrals. Its calls are signed, so that it
              knows that they are ours.
            </Empty>
          ) : (
            <DataTable label="Webhooks" columns={columns} rows={rows} rowKey={({ id }) => id} />
          )
        }
      </Await>
      <NewWebhookDialog opened={opened} onClose={close} />
    </Page>
  );
}

import { Button, Card, Code, Group, Stack, Text, Title } from '@mantine/core';
import { IconRepeat } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from 'wouter';
import { type Attempt, type DeliveryDetails, deliveryQuery, replay, WEBHOOKS } from '../../api/webhooks';
import { type Column, DataTable } from '../../ui/data-table';
import { Fact, Facts } from '../../ui/facts';
import { Page } from '../../ui/page';
import { Await, Failure } from '../../ui/states';
import { Time } from '../../ui/time';
import { useAction } from '../../ui/use-action';
import { DeliveryStatus } from './status';

export default function DeliveryPage() {
  const { id = '', number = '' } = useParams<{ id: string; number: string }>();
  const details = useQuery(deliveryQuery(id, number));
  return <Await query={details}>{(found) => <DeliveryView webhook={id} details={found} />}</Await>;
}

function DeliveryView({ webhook, details }: { webhook: string; details: DeliveryDetails }) {
  const { delivery, body, attempts } = details;
  const queries = useQueryClient();
  const replaying = useAction({
    mutationFn: () => replay(webhook, [delivery.number]),
    onSuccess: () => queries.invalidateQueries({ queryKey: WEBHOOKS }),
  });
  return (
    <Page
      back={{ to: `/webhooks/${webhook}`, label: 'Webhook' }}
      title={
        <Group component="span" gap="sm">
          Delivery {delivery.number} <DeliveryStatus delivery={delivery} />
        </Group>
      }
      lead={<span className="mono">{delivery.event}</span>}
      actions={
        <Button
          leftSection={<IconRepeat size={17} />}
          loading={replaying.isPending}
          onClick={() => replaying.mutate()}
        >
          Replay
        </Button>
      }
    >
      {replaying.isError && <Failure error={replaying.error} />}
      <Card>
        <Facts>
          <Fact name="Happened">
            <Time at={delivery.at} />
          </Fact>
          <Fact name="Calls">{delivery.attempts}</Fact>
          <Fact name="Next try">
            <Time at={delivery.nextAt} none="none" />
          </Fact>
          <Fact name="Header webhook-id">
            <Text span className="mono" size="sm">
              msg_{delivery.eventId}
            </Text>
          </Fact>
        </Facts>
      </Card>
      <Stack gap="sm" component="section" aria-label="Payload">
        <Title order={2}>Payload</Title>
        <Code block tabIndex={0} role="region" aria-label="Body">
          {indented(body)}
        </Code>
      </Stack>
      <Stack gap="sm" component="section">
        <Title order={2}>Attempts</Title>
        {attempts.length === 0 ? (
          <Text c="dimmed" size="sm">
            It was not tried yet.
          </Text>
        ) : (
          <DataTable label="Attempts" columns={COLUMNS} rows={attempts} rowKey={({ _id }) => _id} />
        )}
        <Text c="dimmed" size="sm">
          Of a refusal the first bytes are kept, without what they repeat of the payload.
        </Text>
      </Stack>
    </Page>
  );
}

const COLUMNS: readonly Column<Attempt>[] = [
  { header: 'Time', width: '12.8rem', cell: ({ at }) => <Time at={at} /> },
  { header: 'Status', width: '5rem', cell: ({ status }) => status ?? '–' },
  { header: 'Took', width: '5.5rem', align: 'end', cell: ({ milliseconds }) => `${milliseconds} ms` },
  { header: 'Response', cell: ({ status, answer, error }) => error ?? answerOf(status, answer), wide: true },
];

/** Of what was received the answer is not kept. */
function answerOf(status: number | undefined, answer: string | undefined) {
  if (answer !== undefined && answer !== '') return <span className="mono">{answer}</span>;
  return status !== undefined && status < 300 ? 'received' : 'an empty answer';
}

/** The body as it is sent has no line breaks; here it is to be read. */
function indented(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

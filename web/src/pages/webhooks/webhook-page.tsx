import { Alert, Badge, Button, Card, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlayerPause, IconPlayerPlay, IconRefresh, IconSend } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from 'wouter';
import { switchWebhook, testWebhook, type Webhook, webhookQuery, WEBHOOKS } from '../../api/webhooks';
import { Confirm } from '../../ui/confirm';
import { Fact, Facts } from '../../ui/facts';
import { Page } from '../../ui/page';
import { Await, Failure } from '../../ui/states';
import { Time } from '../../ui/time';
import { useAction } from '../../ui/use-action';
import { Deliveries } from './deliveries';
import { Health } from './health';
import { RotateSecretDialog } from './rotate';
import { WebhookStatus } from './status';

export default function WebhookPage() {
  const { id = '' } = useParams<{ id: string }>();
  const webhook = useQuery(webhookQuery(id));
  return <Await query={webhook}>{(found) => <WebhookView webhook={found} />}</Await>;
}

function WebhookView({ webhook }: { webhook: Webhook }) {
  const { id, url, practice, events, changedAt, waiting, dead, lastAttempt } = webhook;
  return (
    <Page
      back={{ to: '/webhooks', label: 'Webhooks' }}
      title={
        <Group component="span" gap="sm">
          Webhook <WebhookStatus webhook={webhook} />
        </Group>
      }
      lead={<span className="mono">{url}</span>}
      actions={<Actions webhook={webhook} />}
    >
      <Trouble webhook={webhook} />
      <Card>
        <Facts>
          <Fact name="Practice">{practice}</Fact>
          <Fact name="On their way">{waiting}</Fact>
          <Fact name="Laid aside">{dead}</Fact>
          <Fact name="Last call">
            <Time at={lastAttempt?.at} none="none yet" />
          </Fact>
          <Fact name="Changed">
            <Time at={changedAt} />
          </Fact>
          <Fact name="Events" isWide>
            <Group component="span" gap={6}>
              {events.map((event) => (
                <Badge key={event} component="span" color="gray" ff="monospace">
                  {event}
                </Badge>
              ))}
            </Group>
          </Fact>
        </Facts>
      </Card>
      <Health id={id} />
      <Deliveries id={id} />
    </Page>
  );
}

function Actions({ webhook: { id, status } }: { webhook: Webhook }) {
  const queries = useQueryClient();
  const [isRotating, rotate] = useDisclosure(false);
  const [isSwitching, turn] = useDisclosure(false);
  const refresh = () => queries.invalidateQueries({ queryKey: WEBHOOKS });
  const test = useAction({ mutationFn: () => testWebhook(id), onSuccess: refresh });
  const isOff = status === 'off';
  const switching = useAction({
    mutationFn: () => switchWebhook(id, isOff ? 'on' : 'off'),
    onSuccess: async () => {
      turn.close();
      await refresh();
    },
  });
  return (
    <>
      {!isOff && (
        <Button leftSection={<IconSend size={17} />} onClick={() => test.mutate()} loading={test.isPending}>
          Send a test
        </Button>
      )}
      <Button variant="default" leftSection={<IconRefresh size={17} />} onClick={rotate.open}>
        Rotate secret
      </Button>
      <Button
        variant="default"
        leftSection={isOff ? <IconPlayerPlay size={17} /> : <IconPlayerPause size={17} />}
        onClick={turn.open}
      >
        {isOff ? 'Switch on' : 'Switch off'}
      </Button>
      {test.isError && <Failure error={test.error} />}
      <RotateSecretDialog id={id} opened={isRotating} onClose={rotate.close} />
      <Confirm
        opened={isSwitching}
        onClose={turn.close}
        title={isOff ? 'Switch this webhook on?' : 'Switch this webhook off?'}
        verb={isOff ? 'Switch on' : 'Switch off'}
        isDangerous={!isOff}
        isBusy={switching.isPending}
        error={switching.error}
        onConfirm={() => switching.mutate()}
      >
        {isOff
          ? 'It is told of what happens from now on. What happened in between was not kept for it.'
          : 'Nothing more is sent to it, and what happens meanwhile is not kept for it. It can be switched on again.'}
      </Confirm>
    </>
  );
}

/** What is wrong, and what will come of it. */
function Trouble({ webhook: { status, error, failingSince } }: { webhook: Webhook }) {
  if (error !== null)
    return (
      <Alert color={status === 'off' ? 'gray' : 'red'} title={status === 'off' ? 'Switched off' : 'In error'}>
        {error}
      </Alert>
    );
  if (status === 'off' || failingSince === null) return null;
  return (
    <Alert color="red" title="Every call fails">
      Since <Time at={failingSince} />. Each delivery is tried again for 96 hours, then laid aside until
      somebody replays it.
    </Alert>
  );
}

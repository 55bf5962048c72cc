import { Anchor, Button, Checkbox, Group, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { createWebhook, EVENTS, type ShownSecret, WEBHOOKS } from '../../api/webhooks';
import { DialogForm, type MakingProps } from '../../ui/dialog-form';
import { SecretDialog, usePractice } from '../../ui/secret-dialog';
import { SecretOnce } from '../../ui/secret-once';

const EVENT_WORDS: Readonly<Record<string, string>> = {
  'referral.created': 'A referral was sent to the practice',
  'referral.accepted': 'The receiver took it',
  'referral.declined': 'The receiver did not take it',
  'referral.scheduled': 'There is an appointment',
  'referral.completed': 'The patient was seen',
};

export function NewWebhookDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <SecretDialog<ShownSecret>
      opened={opened}
      onClose={onClose}
      title="New webhook"
      titleWhenMade="The webhook’s secret"
      form={(making) => <NewWebhookForm {...making} />}
    >
      {({ secret }, close) => <MadeSecret secret={secret} onClose={close} />}
    </SecretDialog>
  );
}

function NewWebhookForm(making: MakingProps<ShownSecret>) {
  const practice = usePractice();
  const [url, setUrl] = useState('');
  const [events, setEvents] = useState<string[]>([...EVENTS]);
  return (
    <DialogForm
      {...making}
      make={() => createWebhook({ ...practice.given, url: url.trim(), events })}
      queryKey={WEBHOOKS}
      verb="Create webhook"
      isReady={practice.isChosen && events.length > 0}
    >
      {(faults) => (
        <>
          {practice.field(faults['practice'])}
          <TextInput
            label="URL"
            description="Events are posted here as JSON. It must be https, and not in a private network."
            placeholder="https://ehr.example.com/hooks/referrals"
            type="url"
            required
            data-autofocus
            value={url}
            onChange={({ currentTarget: { value } }) => setUrl(value)}
            error={faults['url']}
          />
          <Checkbox.Group
            label="Events"
            description="What the endpoint is told of."
            value={events}
            onChange={setEvents}
            error={faults['events']}
          >
            <Stack gap="xs" mt={6}>
              {EVENTS.map((event) => (
                <Checkbox key={event} value={event} label={event} description={EVENT_WORDS[event]} />
              ))}
            </Stack>
          </Checkbox.Group>
        </>
      )}
    </DialogForm>
  );
}

/** The secret, what it is for, and the way out. */
export function MadeSecret({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <SecretOnce secrets={[{ label: 'Signing secret', secret }]}>
      <Text size="sm">
        The receiver checks the signature of each call with it: <code>X-HandoffRx-Signature</code>, or{' '}
        <code>webhook-signature</code> with any library of Standard Webhooks.{' '}
        <Anchor href="/docs/subscriptions" target="_blank" rel="noreferrer">
          How to check it (new tab)
        </Anchor>
      </Text>
      <Group justify="flex-end">
        <Button onClick={onClose}>I have stored it</Button>
      </Group>
    </SecretOnce>
  );
}

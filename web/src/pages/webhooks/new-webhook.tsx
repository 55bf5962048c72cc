import { Anchor, Button, Checkbox, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError } from '../../api/client';
import { createWebhook, EVENTS, type ShownSecret, WEBHOOKS } from '../../api/webhooks';
import { useUser } from '../../app/session';
import { PracticeSelect } from '../../ui/practice-select';
import { SecretOnce } from '../../ui/secret-once';
import { Failure } from '../../ui/states';

const EVENT_WORDS: Readonly<Record<string, string>> = {
  'referral.created': 'A referral was sent to the practice',
  'referral.accepted': 'The receiver took it',
  'referral.declined': 'The receiver did not take it',
  'referral.scheduled': 'There is an appointment',
  'referral.completed': 'The patient was seen',
};

/** Makes a webhook, then shows its secret once. Closing forgets it. */
export function NewWebhookDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [made, setMade] = useState<ShownSecret>();
  const close = (): void => {
    setMade(undefined);
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={made === undefined ? 'New webhook' : 'The webhook’s secret'}
      size="lg"
      closeOnClickOutside={made === undefined}
    >
      {made === undefined ? (
        <NewWebhookForm onMade={setMade} onCancel={close} />
      ) : (
        <MadeSecret secret={made.secret} onClose={close} />
      )}
    </Modal>
  );
}

/** The secret, what it is for, and the way out. */
export function MadeSecret({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <SecretOnce label="Signing secret" secret={secret}>
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

function NewWebhookForm({ onMade, onCancel }: { onMade: (made: ShownSecret) => void; onCancel: () => void }) {
  const user = useUser();
  const queries = useQueryClient();
  const [practice, setPractice] = useState<string | null>(user.practiceId);
  const [url, setUrl] = useState('');
  const [events, setEvents] = useState<string[]>([...EVENTS]);
  const create = useMutation({
    mutationFn: createWebhook,
    onSuccess: async (made) => {
      onMade(made);
      await queries.invalidateQueries({ queryKey: WEBHOOKS });
    },
  });
  const fields = create.error instanceof ApiError ? create.error.fields : {};
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate({ url: url.trim(), events, ...(practice !== null && { practice }) });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {user.practiceId === null && (
          <PracticeSelect value={practice} onChange={setPractice} error={fields['practice']} />
        )}
        <TextInput
          label="URL"
          description="Events are posted here as JSON. It must be https, and not in a private network."
          placeholder="https://ehr.example.com/hooks/referrals"
          type="url"
          required
          data-autofocus
          value={url}
          onChange={({ currentTarget: { value } }) => setUrl(value)}
          error={fields['url']}
        />
        <Checkbox.Group
          label="Events"
          description="What the endpoint is told of."
          value={events}
          onChange={setEvents}
          error={fields['events']}
        >
          <Stack gap="xs" mt={6}>
            {EVENTS.map((event) => (
              <Checkbox key={event} value={event} label={event} description={EVENT_WORDS[event]} />
            ))}
          </Stack>
        </Checkbox.Group>
        {create.isError && <Failure error={create.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={create.isPending}
            disabled={events.length === 0 || (user.practiceId === null && practice === null)}
          >
            Create webhook
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

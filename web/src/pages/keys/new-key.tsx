import { Button, Checkbox, Code, Group, Modal, Radio, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError } from '../../api/client';
import { createKey, KEY_SCOPES, KEYS, type NewApiKey, type Plan, PLANS } from '../../api/keys';
import { useUser } from '../../app/session';
import { PracticeSelect } from '../../ui/practice-select';
import { SecretOnce } from '../../ui/secret-once';
import { Failure } from '../../ui/states';

const PLAN_LIMITS: Readonly<Record<Plan, string>> = {
  Free: '10 requests a minute, 100 a month',
  Pro: '100 requests a minute',
  Enterprise: '500 requests a minute',
};

const SCOPE_WORDS: Readonly<Record<string, string>> = {
  'referrals:read': 'See referrals sent by or to the practice',
  'referrals:write': 'Create referrals, accept and decline them',
  'providers:read': 'The provider directory, and matching',
};

const LIFETIMES = [
  { value: '', label: 'Does not expire' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'One year' },
];
const DAY_MS = 86_400_000;

/** Makes a key, then shows it once. Closing forgets it. */
export function NewKeyDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [made, setMade] = useState<NewApiKey>();
  const close = (): void => {
    setMade(undefined);
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={made === undefined ? 'New API key' : 'Your new API key'}
      size="lg"
      closeOnClickOutside={made === undefined}
    >
      {made === undefined ? (
        <NewKeyForm onMade={setMade} onCancel={close} />
      ) : (
        <MadeKey made={made} onClose={close} />
      )}
    </Modal>
  );
}

/** The key, a first call with it, and the way out. */
export function MadeKey({ made, onClose }: { made: NewApiKey; onClose: () => void }) {
  return (
    <SecretOnce label={`Key of ${made.practice}, plan ${made.plan}`} secret={made.apiKey}>
      <Text size="sm">A first call:</Text>
      <Code
        block
      >{`curl -H "Authorization: Bearer ${made.apiKey}" \\\n  ${window.location.origin}/api/v1/referrals`}</Code>
      <Group justify="flex-end">
        <Button onClick={onClose}>I have stored it</Button>
      </Group>
    </SecretOnce>
  );
}

function NewKeyForm({ onMade, onCancel }: { onMade: (made: NewApiKey) => void; onCancel: () => void }) {
  const user = useUser();
  const queries = useQueryClient();
  const [practice, setPractice] = useState<string | null>(user.practiceId);
  const [plan, setPlan] = useState<Plan>('Pro');
  const [scopes, setScopes] = useState<string[]>(['referrals:read']);
  const [lifetime, setLifetime] = useState('');
  const create = useMutation({
    mutationFn: createKey,
    onSuccess: async (made) => {
      onMade(made);
      await queries.invalidateQueries({ queryKey: KEYS });
    },
  });
  const fields = create.error instanceof ApiError ? create.error.fields : {};
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate({
      plan,
      scopes,
      ...(practice !== null && { practice }),
      ...(lifetime !== '' && { expiresAt: new Date(Date.now() + Number(lifetime) * DAY_MS).toISOString() }),
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {user.practiceId === null && (
          <PracticeSelect value={practice} onChange={setPractice} error={fields['practice']} />
        )}
        <Radio.Group label="Plan" value={plan} onChange={(value) => setPlan(value as Plan)}>
          <Stack gap="xs" mt={6}>
            {PLANS.map((each) => (
              <Radio key={each} value={each} label={each} description={PLAN_LIMITS[each]} />
            ))}
          </Stack>
        </Radio.Group>
        <Checkbox.Group
          label="Scopes"
          description="What the key may do: as little as its system needs."
          value={scopes}
          onChange={setScopes}
          error={fields['scopes']}
        >
          <Stack gap="xs" mt={6}>
            {KEY_SCOPES.map((scope) => (
              <Checkbox key={scope} value={scope} label={scope} description={SCOPE_WORDS[scope]} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Select
          label="Lifetime"
          data={LIFETIMES}
          value={lifetime}
          onChange={(value) => setLifetime(value ?? '')}
          allowDeselect={false}
        />
        {create.isError && <Failure error={create.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={create.isPending}
            disabled={scopes.length === 0 || (user.practiceId === null && practice === null)}
          >
            Create key
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

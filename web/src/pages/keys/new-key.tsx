import { Button, Checkbox, Code, Group, Radio, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { createKey, KEY_SCOPES, KEYS, type NewApiKey, type Plan, PLANS } from '../../api/keys';
import { DialogForm, type MakingProps } from '../../ui/dialog-form';
import { SecretDialog, usePractice } from '../../ui/secret-dialog';
import { SecretOnce } from '../../ui/secret-once';

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

export function NewKeyDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <SecretDialog<NewApiKey>
      opened={opened}
      onClose={onClose}
      title="New API key"
      titleWhenMade="Your new API key"
      form={(making) => <NewKeyForm {...making} />}
    >
      {(made, close) => <MadeKey made={made} onClose={close} />}
    </SecretDialog>
  );
}

function NewKeyForm(making: MakingProps<NewApiKey>) {
  const practice = usePractice();
  const [plan, setPlan] = useState<Plan>('Pro');
  const [scopes, setScopes] = useState<string[]>(['referrals:read']);
  const [lifetime, setLifetime] = useState('');
  const ends = lifetime !== '' && {
    expiresAt: new Date(Date.now() + Number(lifetime) * DAY_MS).toISOString(),
  };
  return (
    <DialogForm
      {...making}
      make={() => createKey({ ...practice.given, plan, scopes, ...ends })}
      queryKey={KEYS}
      verb="Create key"
      isReady={practice.isChosen && scopes.length > 0}
    >
      {(faults) => (
        <>
          {practice.field(faults['practice'])}
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
            error={faults['scopes']}
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
        </>
      )}
    </DialogForm>
  );
}

/** The key, a first call with it, and the way out. */
export function MadeKey({ made, onClose }: { made: NewApiKey; onClose: () => void }) {
  return (
    <SecretOnce secrets={[{ label: `Key of ${made.practice}, plan ${made.plan}`, secret: made.apiKey }]}>
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

import { Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconKey, IconShieldCheck, IconShieldOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Account, accountQuery } from '../../api/account';
import { ROLE_NAMES } from '../../app/session';
import { Fact, Facts } from '../../ui/facts';
import { Page } from '../../ui/page';
import { Await } from '../../ui/states';
import { Time } from '../../ui/time';
import { EndSecondFactorDialog } from './end-second-factor';
import { PasswordDialog } from './password';
import { SecondFactorDialog } from './second-factor';

/** One's own way in: who one is here, the password, the second factor. */
export default function AccountPage() {
  return (
    <Page title="Your account" lead="Each change here ends your sessions everywhere else.">
      <Await query={useQuery(accountQuery)}>
        {(account) => (
          <Stack gap="lg" maw={820}>
            <Who account={account} />
            <Password account={account} />
            <SecondFactor account={account} />
          </Stack>
        )}
      </Await>
    </Page>
  );
}

function Who({ account: { name, email, role, practice, createdAt } }: { account: Account }) {
  return (
    <Card>
      <Facts columns={2}>
        <Fact name="Name">{name}</Fact>
        <Fact name="E-mail">{email}</Fact>
        <Fact name="Role">
          {ROLE_NAMES[role]}
          {practice !== null && ` at ${practice}`}
        </Fact>
        <Fact name="Since">
          <Time at={createdAt} />
        </Fact>
      </Facts>
    </Card>
  );
}

function Password({ account }: { account: Account }) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <Section title="Password" about="For the dashboard, and for applications of the Dermifi API.">
      <Button variant="default" leftSection={<IconKey size={17} />} onClick={open}>
        Change password
      </Button>
      <PasswordDialog account={account} opened={opened} onClose={close} />
    </Section>
  );
}

function SecondFactor({ account }: { account: Account }) {
  const [isOffering, offering] = useDisclosure(false);
  const [isEnding, ending] = useDisclosure(false);
  const { mfa } = account;
  return (
    <Section
      title="Second factor"
      about={
        mfa
          ? 'On: signing in takes a code of your authenticator application too.'
          : 'Off: whoever learns your password can sign in. With a second factor it takes your device as well.'
      }
    >
      <Button
        variant={mfa ? 'default' : 'filled'}
        leftSection={<IconShieldCheck size={17} />}
        onClick={offering.open}
      >
        {mfa ? 'Move to another device' : 'Turn on'}
      </Button>
      {mfa && (
        <Button variant="default" leftSection={<IconShieldOff size={17} />} onClick={ending.open}>
          Turn off
        </Button>
      )}
      <SecondFactorDialog account={account} opened={isOffering} onClose={offering.close} />
      <EndSecondFactorDialog account={account} opened={isEnding} onClose={ending.close} />
    </Section>
  );
}

function Section({ title, about, children }: { title: string; about: string; children: ReactNode }) {
  return (
    <Card component="section" aria-label={title}>
      <Stack gap="sm">
        <Title order={2}>{title}</Title>
        <Text size="sm">{about}</Text>
        <Group gap="sm">{children}</Group>
      </Stack>
    </Card>
  );
}

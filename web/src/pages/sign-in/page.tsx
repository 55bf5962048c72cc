import {
  Alert,
  Anchor,
  Box,
  Button,
  Card,
  Center,
  Group,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { IconAlertTriangle, IconLock } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Redirect, useLocation, useSearchParams } from 'wouter';
import { ApiError } from '../../api/client';
import { SESSION, signIn } from '../../api/session';
import icon from '../../app/icon.svg';
import { useSession } from '../../app/session';
import { Loading } from '../../ui/states';
import { useAction } from '../../ui/use-action';
import { useCountdown } from './countdown';

/** E-mail and password, then the code of the second factor where the user has one. */
export function SignInPage() {
  const session = useSession();
  const [query] = useSearchParams();
  const next = ownPath(query.get('next'));
  useEffect(() => {
    document.title = 'Sign in · Crosswalk';
  }, []);
  if (session.isPending) return <Loading label="Opening the dashboard" />;
  if (session.data?.user) return <Redirect to={next} replace />;
  return (
    <Center component="main" mih="100dvh" p="md">
      <Box w={400} maw="100%">
        <Group gap="sm" mb="lg" justify="center">
          <img src={icon} alt="" width={34} height={34} />
          <Text fw={650} size="xl">
            Crosswalk
          </Text>
        </Group>
        <Card shadow="sm" padding="xl">
          <SignInForm next={next} />
        </Card>
        <Text size="sm" c="dimmed" ta="center" mt="lg">
          Integrating? <Anchor href="/docs">Guides and API reference</Anchor>
        </Text>
      </Box>
    </Center>
  );
}

function SignInForm({ next }: { next: string }) {
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [asksCode, setAsksCode] = useState(false);
  const wait = useCountdown();
  const codeField = useRef<HTMLInputElement>(null);
  const attempt = useAction({
    mutationFn: signIn,
    onSuccess: (session) => {
      queries.setQueryData(SESSION, session);
      navigate(next, { replace: true });
    },
    onError: (error) => {
      if (!(error instanceof ApiError)) return;
      if (error.code === 'MFA_REQUIRED') setAsksCode(true);
      if (error.status === 429) wait.start(error.retryAfter ?? 1);
      setCode('');
      codeField.current?.focus();
    },
  });
  useEffect(() => {
    if (asksCode) codeField.current?.focus();
  }, [asksCode]);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    attempt.mutate({ email, password, ...(asksCode && { mfaCode: code.trim() }) });
  };
  const startOver = (): void => {
    setAsksCode(false);
    setPassword('');
    attempt.reset();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Title order={1}>{asksCode ? 'Second step' : 'Sign in'}</Title>
        <Refused error={attempt.error} seconds={wait.seconds} />
        {asksCode ? (
          <TextInput
            ref={codeField}
            label="Code of your authenticator"
            description={`Six digits, for ${email}`}
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={8}
            required
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
        ) : (
          <>
            <TextInput
              label="E-mail"
              type="email"
              autoComplete="username"
              required
              autoFocus
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
          </>
        )}
        <Button type="submit" loading={attempt.isPending} disabled={wait.seconds > 0}>
          {wait.seconds > 0 ? `Try again in ${wait.seconds} s` : asksCode ? 'Verify' : 'Sign in'}
        </Button>
        {asksCode && (
          <Button variant="subtle" onClick={startOver}>
            Sign in as somebody else
          </Button>
        )}
      </Stack>
    </form>
  );
}

/** What the server said, told to screen readers at once. Being asked for the second step is no refusal. */
function Refused({ error, seconds }: { error: Error | null; seconds: number }) {
  if (error === null || (error instanceof ApiError && error.code === 'MFA_REQUIRED')) return null;
  const isLocked = error instanceof ApiError && error.status === 429;
  if (isLocked && seconds === 0) return null;
  return (
    <Alert
      role="alert"
      color={isLocked ? 'orange' : 'red'}
      icon={isLocked ? <IconLock size={20} /> : <IconAlertTriangle size={20} />}
      title={isLocked ? 'Too many tries' : 'Not signed in'}
    >
      {isLocked
        ? 'After several failed tries there is a pause, which grows with each further one.'
        : error.message}
    </Alert>
  );
}

/** Only paths of this application: a link must not lead elsewhere. */
function ownPath(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in') ? next : '/';
}

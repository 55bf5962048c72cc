import { Alert, Anchor, Button, Center, Group, Loader, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { type Icon, IconAlertTriangle, IconLock, IconMapQuestion } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from '../app/link';
import { ApiError } from '../api/client';

export function Loading({ label = 'Loading' }: { label?: string }) {
  return (
    <Center mih={180} role="status" aria-label={label}>
      <Loader size="sm" aria-hidden />
    </Center>
  );
}

/** What went wrong, in the server's words, and another try. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const known = error instanceof ApiError;
  return (
    <Alert
      role="alert"
      color="red"
      icon={<IconAlertTriangle size={20} />}
      title="This did not work"
      my="md"
      maw={640}
    >
      <Text size="sm">{known ? error.message : 'Something unexpected happened on this page.'}</Text>
      {retry !== undefined && (
        <Group mt="sm">
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        </Group>
      )}
    </Alert>
  );
}

/** Nothing to show, and what to do about it. */
export function Empty({
  icon: Icon,
  title,
  children,
  action,
}: {
  icon: Icon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <Stack align="center" gap="xs" py={56} px="md" ta="center">
      <ThemeIcon size={44} radius="xl" variant="light" aria-hidden>
        <Icon size={24} stroke={1.6} />
      </ThemeIcon>
      <Text fw={600}>{title}</Text>
      {children !== undefined && (
        <Text size="sm" c="dimmed" maw={420}>
          {children}
        </Text>
      )}
      {action}
    </Stack>
  );
}

/** Whether another try may go better: the server is away or busy, and has not refused. */
function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/**
 * A query's three states in one place: loading, failed with another try, or what it brought. That stays, with what is
 * being typed on it, while it cannot be read anew.
 */
export function Await<T>({
  query,
  children,
}: {
  query: UseQueryResult<T>;
  children: (data: T) => ReactNode;
}) {
  const { data, error } = query;
  const failure = error !== null && <Failure error={error} retry={() => void query.refetch()} />;
  if (data === undefined || (error !== null && !isPassing(error))) return failure || <Loading />;
  return (
    <>
      {failure}
      {children(data)}
    </>
  );
}

export function NotFound() {
  return <Nowhere heading="Nothing here" icon={IconMapQuestion} title="There is no page at this address." />;
}

export function NotAllowed() {
  return (
    <Nowhere heading="Not for your role" icon={IconLock} title="Your role does not include this page." />
  );
}

function Nowhere({ heading, icon, title }: { heading: string; icon: Icon; title: string }) {
  return (
    <Stack align="flex-start">
      <Title order={1} tabIndex={-1}>
        {heading}
      </Title>
      <Empty
        icon={icon}
        title={title}
        action={
          <Anchor component={Link} to="/">
            Go home
          </Anchor>
        }
      />
    </Stack>
  );
}

import { Alert, Button, CopyButton, Group, Stack, Text } from '@mantine/core';
import { IconCheck, IconCopy, IconEyeOff } from '@tabler/icons-react';

interface SecretOnceProps {
  secrets: readonly { label: string; secret: string }[];
  children?: React.ReactNode;
}

/** Secrets that are shown this once: they live in the component's state and nowhere else. */
export function SecretOnce({ secrets, children }: SecretOnceProps) {
  return (
    <Stack gap="sm">
      <Alert
        color="yellow"
        icon={<IconEyeOff size={20} />}
        title="Copy it now"
        styles={{ title: { color: 'var(--mantine-color-text)' } }}
      >
        It is shown this once: nobody can show it again, only put another in its place.
      </Alert>
      {secrets.map(({ label, secret }) => (
        <div key={label}>
          <Text size="sm" fw={600} mb={4}>
            {label}
          </Text>
          <Group gap="xs" wrap="nowrap" align="flex-start">
            <Text
              className="mono"
              size="sm"
              flex={1}
              p="xs"
              bd="1px solid var(--mantine-color-default-border)"
              data-secret
            >
              {secret}
            </Text>
            <CopyButton value={secret}>
              {({ copied, copy }) => (
                <Button
                  variant="default"
                  onClick={copy}
                  leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
                  {...(secrets.length > 1 && { 'aria-label': `Copy: ${label}` })}
                >
                  {copied ? 'Copied' : 'Copy'}
                </Button>
              )}
            </CopyButton>
          </Group>
        </div>
      ))}
      {children}
    </Stack>
  );
}

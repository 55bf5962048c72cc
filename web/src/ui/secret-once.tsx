import { Alert, Button, CopyButton, Group, Stack, Text } from '@mantine/core';
import { IconCheck, IconCopy, IconEyeOff } from '@tabler/icons-react';

/** A secret that is shown this once: it lives in the component's state and nowhere else. */
export function SecretOnce({
  label,
  secret,
  children,
}: {
  label: string;
  secret: string;
  children?: React.ReactNode;
}) {
  return (
    <Stack gap="sm">
      <Alert color="yellow" icon={<IconEyeOff size={20} />} title="Copy it now">
        It is shown this once: nobody can show it again, only put another in its place.
      </Alert>
      <div>
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
              >
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
        </Group>
      </div>
      {children}
    </Stack>
  );
}

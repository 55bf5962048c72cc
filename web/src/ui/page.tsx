import { Anchor, Box, Group, Stack, Text, Title } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from '../app/link';

interface PageProps {
  title: ReactNode;
  /** One line under the heading. */
  lead?: ReactNode;
  /** Buttons beside the heading. */
  actions?: ReactNode;
  /** Where this page was come to from. */
  back?: { to: string; label: string };
  children: ReactNode;
}

/** A page's heading (the focus goes there after a navigation), its actions and its content. */
export function Page({ title, lead, actions, back, children }: PageProps) {
  return (
    <Stack gap="lg" maw={1240}>
      <Box>
        {back !== undefined && (
          <Anchor
            component={Link}
            to={back.to}
            size="sm"
            underline="hover"
            mb={6}
            display="inline-flex"
            style={{ gap: 4, alignItems: 'center' }}
          >
            <IconArrowLeft size={15} aria-hidden />
            {back.label}
          </Anchor>
        )}
        <Group justify="space-between" align="flex-start" gap="sm">
          <Box miw={0}>
            <Title order={1} tabIndex={-1} style={{ overflowWrap: 'anywhere' }}>
              {title}
            </Title>
            {lead !== undefined && (
              <Text c="dimmed" size="sm" mt={4} maw={680}>
                {lead}
              </Text>
            )}
          </Box>
          {actions !== undefined && <Group gap="xs">{actions}</Group>}
        </Group>
      </Box>
      {children}
    </Stack>
  );
}

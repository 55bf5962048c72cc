import { Card, Progress, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** One number with its name, and how much of what is allowed it takes. */
export function Figure({
  name,
  value,
  note,
  share,
}: {
  name: string;
  value: string;
  note: ReactNode;
  share?: number;
}) {
  return (
    <Card padding="md">
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text fz={26} fw={620} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Text>
      {share !== undefined && (
        <Progress
          value={Math.min(100, share * 100)}
          color={share >= 0.9 ? 'red' : 'pine'}
          my={4}
          aria-label={name}
        />
      )}
      <Text size="xs" c="dimmed">
        {note}
      </Text>
    </Card>
  );
}

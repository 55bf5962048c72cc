import { Badge, Group, Text } from '@mantine/core';

/** Free places by level; levels that are full stay visible, but quiet. */
export function Slots({ slots }: { slots: readonly { level: string; count: number }[] }) {
  if (slots.length === 0)
    return (
      <Text span size="sm" c="dimmed">
        not said
      </Text>
    );
  return (
    <Group component="span" gap={6} wrap="nowrap">
      {slots.map(({ level, count }) => (
        <Badge key={level} component="span" color={count > 0 ? 'green' : 'gray'}>
          {level} {count}
        </Badge>
      ))}
    </Group>
  );
}

/** The form of a new referral, with this provider in it. */
export function referTo({ practice, level }: { practice: string; level?: string | null }): string {
  const query = new URLSearchParams({ to: practice, ...(level && { level }) });
  return `/referrals/new?${query.toString()}`;
}

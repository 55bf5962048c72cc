import { Card, Text } from '@mantine/core';
import { Link } from '../../app/link';

/** A figure of the home page: a link to where it comes from. */
export function FigureLink({
  to,
  name,
  value,
  note,
  isBad = false,
}: {
  to: string;
  name: string;
  /** Undefined while it is not known. */
  value: string | undefined;
  note: string;
  /** Somebody should look at it. */
  isBad?: boolean;
}) {
  return (
    <Card component={Link} to={to} className="tile" padding="md">
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text
        fz={26}
        fw={620}
        c={isBad ? 'var(--mantine-color-error)' : undefined}
        style={{ fontVariantNumeric: 'tabular-nums' }}
      >
        {value ?? '–'}
      </Text>
      <Text size="xs" c="dimmed">
        {note}
      </Text>
    </Card>
  );
}

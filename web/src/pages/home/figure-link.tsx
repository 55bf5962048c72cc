import { Card, Progress, Text } from '@mantine/core';
import { Link } from '../../app/link';

/** A figure of the home page: a link to where it comes from. */
export function FigureLink({
  to,
  name,
  value,
  note,
  share,
  isBad = false,
}: {
  to: string;
  name: string;
  /** Undefined while it is not known. */
  value: string | undefined;
  note: string;
  /** Of what is allowed, 0 to 1. */
  share?: number | undefined;
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
      {share !== undefined && (
        <Progress
          value={Math.min(100, share * 100)}
          color={isBad ? 'red' : 'pine'}
          size="sm"
          mb={6}
          aria-label={note}
        />
      )}
      <Text size="xs" c="dimmed">
        {note}
      </Text>
    </Card>
  );
}

import { Card, Progress, Text } from '@mantine/core';
import type { ReactNode } from 'react';

interface FigureProps {
  name: string;
  /** Undefined while it is not known. */
  value: string | undefined;
  note: ReactNode;
  /** Of what is allowed, 0 to 1. */
  share?: number | undefined;
  /** Somebody should look at it; unless said otherwise, when nearly all that is allowed is taken. */
  isBad?: boolean;
}

/** From this share on somebody is about to be refused. */
const NEAR_LIMIT = 0.9;

/** One number with its name, and how much of what is allowed it takes. */
export function Figure(props: FigureProps) {
  return (
    <Card padding="md">
      <FigureWords {...props} />
    </Card>
  );
}

/** The same, for cards that are links. */
export function FigureWords({ name, value, note, share, isBad = (share ?? 0) >= NEAR_LIMIT }: FigureProps) {
  return (
    <>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text
        fz={{ base: 21, sm: 26 }}
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
          my={4}
          aria-label={`${name}, share of the limit`}
        />
      )}
      <Text size="xs" c="dimmed">
        {note}
      </Text>
    </>
  );
}

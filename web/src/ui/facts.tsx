import { SimpleGrid, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Facts of one thing side by side, each with its name. */
export function Facts({ children, columns = 4 }: { children: ReactNode; columns?: number }) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: columns }} component="dl" m={0} className="facts">
      {children}
    </SimpleGrid>
  );
}

interface FactProps {
  name: string;
  /** Takes the room of two, for several things beside each other. */
  isWide?: boolean;
  children: ReactNode;
}

export function Fact({ name, isWide = false, children }: FactProps) {
  return (
    <div className={isWide ? 'two' : undefined}>
      <Text component="dt" size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="dd" m={0} fw={500} style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
    </div>
  );
}

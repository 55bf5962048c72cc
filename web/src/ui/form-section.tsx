import { Card, SimpleGrid, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** Fields of a form that belong together: side by side where there is room, each row as high as its fields. */
export function FormSection({
  title,
  columns = 2,
  children,
}: {
  title: string;
  columns?: number;
  children: ReactNode;
}) {
  return (
    <Card component="section" aria-label={title}>
      <Stack>
        <Title order={2}>{title}</Title>
        <SimpleGrid cols={{ base: 1, xs: Math.min(2, columns), sm: columns }} style={{ alignItems: 'start' }}>
          {children}
        </SimpleGrid>
      </Stack>
    </Card>
  );
}

import { Group, SegmentedControl, Stack, Title } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Range } from '../api/range';
import { RANGES } from './points';
import { Await } from './states';

interface OverTimeProps<T> {
  title: string;
  /** A hook that asks for a range. */
  useRange: (range: Range) => UseQueryResult<T>;
  /** @param label of the range in words: "24 hours" */
  children: (data: T, range: Range, label: string) => ReactNode;
}

/** A section whose figures go back a day, a week or a month. */
export function OverTime<T>({ title, useRange, children }: OverTimeProps<T>) {
  const [range, setRange] = useState<Range>('day');
  const found = useRange(range);
  const label = RANGES.find(({ value }) => value === range)?.label ?? '';
  return (
    <Stack gap="md" component="section" aria-label={title}>
      <Group justify="space-between">
        <Title order={2}>{title}</Title>
        <SegmentedControl aria-label="Range" data={[...RANGES]} value={range} onChange={setRange} />
      </Group>
      <Await query={found}>{(data) => children(data, range, label)}</Await>
    </Stack>
  );
}

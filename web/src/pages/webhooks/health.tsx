import { Card, Group, SegmentedControl, SimpleGrid, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { healthQuery, type Range, type WebhookHealth } from '../../api/webhooks';
import { Chart } from '../../ui/chart';
import { Figure } from '../../ui/figure';
import { Await } from '../../ui/states';
import { pointsOf } from './health-points';

const RANGES: { value: Range; label: string }[] = [
  { value: 'day', label: '24 hours' },
  { value: 'week', label: '7 days' },
  { value: 'month', label: '30 days' },
];

/** How the endpoint answered over time. */
export function Health({ id }: { id: string }) {
  const [range, setRange] = useState<Range>('day');
  const health = useQuery(healthQuery(id, range));
  return (
    <Stack gap="md" component="section" aria-label="Health">
      <Group justify="space-between">
        <Title order={2}>Health</Title>
        <SegmentedControl
          aria-label="Range"
          data={RANGES}
          value={range}
          onChange={(value) => setRange(value as Range)}
        />
      </Group>
      <Await query={health}>{(data) => <Calls health={data} range={range} />}</Await>
    </Stack>
  );
}

function Calls({ health, range }: { health: WebhookHealth; range: Range }) {
  const label = RANGES.find(({ value }) => value === range)?.label ?? '';
  const received = health.hours.reduce((sum, hour) => sum + hour.received, 0);
  const failed = health.hours.reduce((sum, hour) => sum + hour.failed, 0);
  const calls = received + failed;
  const time = health.hours.reduce((sum, hour) => sum + hour.meanMs * (hour.received + hour.failed), 0);
  const longest = Math.max(0, ...health.hours.map(({ longestMs }) => longestMs));
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <Figure
          name={`Calls in ${label}`}
          value={calls.toLocaleString()}
          note={`${failed.toLocaleString()} failed`}
        />
        <Figure
          name="Received"
          value={calls === 0 ? '–' : `${((received / calls) * 100).toFixed(1)} %`}
          note="of all calls, answered with 2xx"
        />
        <Figure
          name="Answered in"
          value={calls === 0 ? '–' : `${Math.round(time / calls)} ms`}
          note={calls === 0 ? 'on average' : `on average; the longest took ${longest} ms`}
        />
      </SimpleGrid>
      <Card>
        <Chart
          summary={`${calls} calls in the last ${label}: ${received} received, ${failed} failed.`}
          points={pointsOf(health, range)}
          series={[
            { name: 'received', label: 'Received', color: 'pine.6' },
            { name: 'failed', label: 'Failed', color: 'red.6' },
          ]}
        />
      </Card>
    </>
  );
}

import { Card, Group, SegmentedControl, SimpleGrid, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type KeyUse, keyUseQuery, type Range } from '../../api/keys';
import { Chart } from '../../ui/chart';
import { Figure } from '../../ui/figure';
import { Await } from '../../ui/states';
import { Time } from '../../ui/time';
import { dayPoints, hourPoints } from './use-points';

const RANGES: { value: Range; label: string }[] = [
  { value: 'day', label: '24 hours' },
  { value: 'week', label: '7 days' },
  { value: 'month', label: '30 days' },
];

/** Requests over time, and how near the busiest minute came to what the plan allows. */
export function UseOfKey({ id }: { id: string }) {
  const [range, setRange] = useState<Range>('day');
  const use = useQuery(keyUseQuery(id, range));
  return (
    <Stack gap="md" component="section" aria-label="Use against the plan">
      <Group justify="space-between">
        <Title order={2}>Use against the plan</Title>
        <SegmentedControl
          aria-label="Range"
          data={RANGES}
          value={range}
          onChange={(value) => setRange(value as Range)}
        />
      </Group>
      <Await query={use}>{(data) => <Use use={data} range={range} />}</Await>
    </Stack>
  );
}

function Use({ use, range }: { use: KeyUse; range: Range }) {
  const points = range === 'day' ? hourPoints(use) : dayPoints(use);
  const total = use.hours.reduce((sum, { requests }) => sum + requests, 0);
  const refused = use.hours.reduce((sum, hour) => sum + hour.refused, 0);
  const busiest = Math.max(0, ...use.hours.map(({ busiestMinute }) => busiestMinute));
  const label = RANGES.find(({ value }) => value === range)?.label ?? '';
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <Figure
          name={`Requests in ${label}`}
          value={total.toLocaleString()}
          note={`${refused.toLocaleString()} refused by the limit`}
        />
        <Figure
          name="Busiest minute"
          value={`${busiest} of ${use.perMinute}`}
          note="requests the plan allows"
          share={busiest / use.perMinute}
        />
        {use.month !== null && (
          <Figure
            name="This month"
            value={`${use.month.used} of ${use.month.limit}`}
            note={
              <>
                starts anew <Time at={use.month.resetsAt} />
              </>
            }
            share={use.month.used / use.month.limit}
          />
        )}
      </SimpleGrid>
      <Card>
        <Chart
          summary={`${total} requests in the last ${label}, ${refused} of them refused. The busiest minute had ${busiest} of ${use.perMinute} that the plan allows.`}
          points={points}
          series={[
            { name: 'requests', label: 'Requests', color: 'pine.6' },
            { name: 'refused', label: 'Refused by the limit', color: 'red.6' },
          ]}
        />
      </Card>
    </>
  );
}

import { Card, SimpleGrid } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { healthQuery, type WebhookHealth } from '../../api/webhooks';
import type { Range } from '../../api/range';
import { Chart } from '../../ui/chart';
import { Figure } from '../../ui/figure';
import { OverTime } from '../../ui/over-time';
import { pointsOf } from '../../ui/points';

/** How the endpoint answered over time. */
export function Health({ id }: { id: string }) {
  return (
    <OverTime title="Health" useRange={(range) => useQuery(healthQuery(id, range))}>
      {(health, range, label) => <Calls health={health} range={range} label={label} />}
    </OverTime>
  );
}

function Calls({ health, range, label }: { health: WebhookHealth; range: Range; label: string }) {
  const received = health.hours.reduce((sum, hour) => sum + hour.received, 0);
  const failed = health.hours.reduce((sum, hour) => sum + hour.failed, 0);
  const calls = received + failed;
  const time = health.hours.reduce((sum, hour) => sum + hour.meanMs * (hour.received + hour.failed), 0);
  const longest = Math.max(0, ...health.hours.map(({ longestMs }) => longestMs));
  return (
    <>
      <SimpleGrid cols={{ base: 2, sm: 3 }}>
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
          points={pointsOf(health, range, ['received', 'failed'])}
          series={[
            { name: 'received', label: 'Received', color: 'pine.6' },
            { name: 'failed', label: 'Failed', color: 'red.6' },
          ]}
        />
      </Card>
    </>
  );
}

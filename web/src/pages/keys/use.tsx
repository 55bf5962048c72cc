import { Card, SimpleGrid } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type KeyUse, keyUseQuery } from '../../api/keys';
import type { Range } from '../../api/range';
import { Chart } from '../../ui/chart';
import { Figure } from '../../ui/figure';
import { OverTime } from '../../ui/over-time';
import { pointsOf } from '../../ui/points';
import { Time } from '../../ui/time';

/** Requests over time, and how near the busiest minute came to what the plan allows. */
export function UseOfKey({ id }: { id: string }) {
  return (
    <OverTime title="Use against the plan" useRange={(range) => useQuery(keyUseQuery(id, range))}>
      {(use, range, label) => <Use use={use} range={range} label={label} />}
    </OverTime>
  );
}

function Use({ use, range, label }: { use: KeyUse; range: Range; label: string }) {
  const total = use.hours.reduce((sum, { requests }) => sum + requests, 0);
  const refused = use.hours.reduce((sum, hour) => sum + hour.refused, 0);
  const busiest = Math.max(0, ...use.hours.map(({ busiestMinute }) => busiestMinute));
  return (
    <>
      <SimpleGrid cols={{ base: 2, sm: 3 }}>
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
          points={pointsOf(use, range, ['requests', 'refused'])}
          series={[
            { name: 'requests', label: 'Requests', color: 'pine.6' },
            { name: 'refused', label: 'Refused by the limit', color: 'red.6' },
          ]}
        />
      </Card>
    </>
  );
}

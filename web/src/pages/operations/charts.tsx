import type { Operations } from '../../api/operations';
import { Chart } from '../../ui/chart';

interface ChartsProps {
  operations: Operations;
  label: string;
}

const MOMENT = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit', second: '2-digit' });

/** Requests a second, and those that failed. */
export function Throughput({ operations: { points, stepSeconds }, label }: ChartsProps) {
  const perSecond = (count: number): number => Math.round((count / stepSeconds) * 10) / 10;
  const most = Math.max(0, ...points.map(({ requests }) => perSecond(requests)));
  const errors = points.reduce((sum, point) => sum + point.errors, 0);
  return (
    <Chart
      kind="lines"
      height={220}
      summary={`At most ${most} requests a second in the last ${label}; ${errors} were answered with 5xx.`}
      points={points.map(({ at, requests, errors: failed }) => ({
        at: MOMENT.format(Date.parse(at)),
        requests: perSecond(requests),
        errors: perSecond(failed),
      }))}
      series={[
        { name: 'requests', label: 'Requests a second', color: 'pine.6' },
        { name: 'errors', label: 'Failed a second', color: 'red.6' },
      ]}
    />
  );
}

/** How long requests take: the usual one, and the slow ones. Steps without requests stand at 0. */
export function Latency({ operations: { points }, label }: ChartsProps) {
  const slowest = Math.max(0, ...points.map(({ p95 }) => p95 ?? 0));
  const usual = Math.max(0, ...points.map(({ p50 }) => p50 ?? 0));
  return (
    <Chart
      kind="lines"
      height={220}
      summary={`In the last ${label} half of the requests stayed below ${usual} ms, and 95 of 100 below ${slowest} ms, in every step.`}
      points={points.map(({ at, p50, p95 }) => ({
        at: MOMENT.format(Date.parse(at)),
        p50: p50 ?? 0,
        p95: p95 ?? 0,
      }))}
      series={[
        { name: 'p50', label: 'p50 (ms)', color: 'pine.6' },
        { name: 'p95', label: 'p95 (ms)', color: 'orange.6' },
      ]}
    />
  );
}

/** What waited in the database. */
export function Waiting({ operations: { points }, label }: ChartsProps) {
  const counted = points.flatMap(({ depths }) => depths ?? []);
  const most = (queue: 'outbox' | 'deliveries' | 'audit'): number =>
    Math.max(0, ...counted.map((depths) => depths[queue]));
  return (
    <Chart
      kind="lines"
      height={200}
      summary={`At most in the last ${label}: ${most('outbox')} events to relay, ${most('deliveries')} deliveries and ${most('audit')} audit entries waited.`}
      points={points.map(({ at, depths }) => ({
        at: MOMENT.format(Date.parse(at)),
        outbox: depths?.outbox ?? 0,
        deliveries: depths?.deliveries ?? 0,
        audit: depths?.audit ?? 0,
      }))}
      series={[
        { name: 'outbox', label: 'Events to relay', color: 'pine.6' },
        { name: 'deliveries', label: 'Deliveries', color: 'orange.6' },
        { name: 'audit', label: 'Audit entries', color: 'violet.6' },
      ]}
    />
  );
}

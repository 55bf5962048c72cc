import type { Operations } from '../../api/operations';
import { Chart } from '../../ui/chart';

interface ChartsProps {
  operations: Operations;
  label: string;
}

const MINUTE = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const SECOND = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit', second: '2-digit' });

/** The step's beginning in words, as exact as steps are long. */
function momentOf(at: string, stepSeconds: number): string {
  return (stepSeconds < 60 ? SECOND : MINUTE).format(Date.parse(at));
}

/** Requests a second, and those that failed; a gap where no process ran. */
export function Throughput({ operations: { points, stepSeconds }, label }: ChartsProps) {
  const perSecond = (count: number): number => Math.round((count / stepSeconds) * 10) / 10;
  const most = Math.max(0, ...points.map(({ requests }) => perSecond(requests)));
  const errors = points.reduce((sum, point) => sum + point.errors, 0);
  return (
    <Chart
      kind="lines"
      height={220}
      summary={`At most ${most} requests a second in the last ${label}; ${errors} were answered with 5xx.`}
      hasFractions
      points={points.map(({ at, requests, errors: failed, depths }) => {
        const isMeasured = depths !== null || requests > 0;
        return {
          at: momentOf(at, stepSeconds),
          requests: isMeasured ? perSecond(requests) : null,
          errors: isMeasured ? perSecond(failed) : null,
        };
      })}
      series={[
        { name: 'requests', label: 'Requests a second', color: 'pine.6' },
        { name: 'errors', label: 'Failed a second', color: 'red.6' },
      ]}
    />
  );
}

/** How long requests take: the usual one, and the slow ones; a gap where there were none. */
export function Latency({ operations: { points, stepSeconds }, label }: ChartsProps) {
  const slowest = Math.max(0, ...points.map(({ p95 }) => p95 ?? 0));
  const usual = Math.max(0, ...points.map(({ p50 }) => p50 ?? 0));
  return (
    <Chart
      kind="lines"
      height={220}
      summary={`In the last ${label} half of the requests stayed below ${usual} ms, and 95 of 100 below ${slowest} ms, in every step.`}
      points={points.map(({ at, p50, p95 }) => ({ at: momentOf(at, stepSeconds), p50, p95 }))}
      series={[
        { name: 'p50', label: 'p50 (ms)', color: 'pine.6' },
        { name: 'p95', label: 'p95 (ms)', color: 'orange.6' },
      ]}
    />
  );
}

/** What waited in the database; a gap where nobody counted. */
export function Waiting({ operations: { points, stepSeconds }, label }: ChartsProps) {
  const counted = points.flatMap(({ depths }) => depths ?? []);
  const most = (queue: 'outbox' | 'deliveries' | 'audit'): number =>
    Math.max(0, ...counted.map((depths) => depths[queue]));
  return (
    <Chart
      kind="lines"
      height={200}
      summary={`At most in the last ${label}: ${most('outbox')} events to relay, ${most('deliveries')} deliveries and ${most('audit')} audit entries waited.`}
      points={points.map(({ at, depths }) => ({
        at: momentOf(at, stepSeconds),
        outbox: depths?.outbox ?? null,
        deliveries: depths?.deliveries ?? null,
        audit: depths?.audit ?? null,
      }))}
      series={[
        { name: 'outbox', label: 'Events to relay', color: 'pine.6' },
        { name: 'deliveries', label: 'Deliveries', color: 'orange.6' },
        { name: 'audit', label: 'Audit entries', color: 'violet.6' },
      ]}
    />
  );
}

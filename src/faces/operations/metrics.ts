import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { ServeContext } from '../../http';

/** What is measured, in Prometheus' form. Labels name faces and interactions, never records. */
export interface Metrics {
  registry: Registry;
  observe: ServeContext['observe'];
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'crosswalk_http_request_seconds',
    help: 'Time from the arrival of a request to its answer.',
    labelNames: ['face', 'interaction', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  return {
    registry,
    observe: ({ x, route, status, milliseconds }) => {
      requests.observe({ face: x.face, interaction: x.audit.interaction ?? route.interaction, status: String(status) }, milliseconds / 1000);
    },
  };
}

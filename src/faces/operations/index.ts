import type { Application } from 'express';
import type { Operations } from '../../operations';

export interface HealthChecks {
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  /** True once the server is stopping: load balancers are to look elsewhere. */
  stopping(): boolean;
}

/** `/healthz` (the process lives), `/readyz` (it can serve), `/metrics` (Prometheus). Without access to any record. */
export function mountOperations(
  app: Application,
  checks: HealthChecks,
  { exposition }: Pick<Operations, 'exposition'>,
): void {
  app.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });
  app.get('/readyz', (_req, res) => {
    if (checks.stopping()) return void res.status(503).json({ status: 'stopping' });
    checks.ping().then(
      () => res.json({ status: 'ready' }),
      () => res.status(503).json({ status: 'database unreachable' }),
    );
  });
  app.get('/metrics', (_req, res) => {
    exposition().then(
      ({ type, text }) => res.type(type).send(text),
      () => res.status(500).end(),
    );
  });
}

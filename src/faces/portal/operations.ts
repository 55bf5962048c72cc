import type { Route } from '../../http';
import { portalRoute } from './endpoint';
import type { PortalServices } from './services';

/** How the deployment runs, for the operator's charts: figures of all processes, without names or records. */
export function operationsRoutes({ operations, connection }: PortalServices): Route[] {
  /** Milliseconds that the database took to answer; null when it did not. */
  const pinged = async (): Promise<number | null> => {
    const started = performance.now();
    return connection.ping().then(
      () => Math.round((performance.now() - started) * 10) / 10,
      () => null,
    );
  };
  return [
    portalRoute({
      method: 'get',
      path: '/operations',
      interaction: 'operation',
      action: 'R',
      roles: ['operator'],
      unaudited: true,
      query: {
        range: { kind: 'choice', values: ['now', 'hours'], default: 'now', description: 'How far back.' },
      },
      handle: async ({ query }) => {
        const [databaseMs, waiting, report] = await Promise.all([
          pinged(),
          operations.depths(),
          operations.report(query['range'] === 'hours' ? 'hours' : 'now'),
        ]);
        return { status: 200, body: { at: new Date(), databaseMs, waiting, ...report } };
      },
    }),
  ];
}

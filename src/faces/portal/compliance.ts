import { createAuditVerification } from '../../audit-verification';
import type { Route } from '../../http';
import type { Role } from '../../identity';
import { portalRoute } from './endpoint';
import type { PortalServices } from './services';

const OFFICERS: readonly Role[] = ['compliance'];

/** How the audit log stands, and its verification on the spot; the rest is at `/audit` and `/fhir/R4/AuditEvent`. */
export function complianceRoutes({ audit, connection, config }: PortalServices): Route[] {
  const verification = createAuditVerification(audit, connection, config.dataDir);
  return [
    portalRoute({
      method: 'get',
      path: '/compliance/log',
      interaction: 'operation',
      action: 'R',
      roles: OFFICERS,
      handle: async () => {
        const checkpoint = await audit.checkpoint();
        const [keys, retention] = await Promise.all([audit.publicKeys(), audit.retention.policy()]);
        return { status: 200, body: { checkpoint, keys, retentionYears: retention.years } };
      },
    }),
    portalRoute({
      method: 'get',
      path: '/compliance/verification',
      interaction: 'operation',
      action: 'R',
      roles: OFFICERS,
      // The page asks every second while one is under way; what it shows is no access to anybody's data.
      unaudited: true,
      handle: async () => ({ status: 200, body: { latest: (await verification.latest()) ?? null } }),
    }),
    portalRoute({
      method: 'post',
      path: '/compliance/verification',
      interaction: 'operation',
      action: 'E',
      roles: OFFICERS,
      handle: async ({ x }) => {
        x.audit.details = [{ type: 'verification', value: 'the whole log' }];
        return { status: 202, body: { latest: await verification.start(x.principal.name) } };
      },
    }),
  ];
}

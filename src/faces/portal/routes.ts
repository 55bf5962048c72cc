import type { Route } from '../../http';
import { accountRoutes } from './account';
import { complianceRoutes } from './compliance';
import { keyRoutes } from './keys';
import { operationsRoutes } from './operations';
import { practiceRoutes } from './practices';
import { prescriptionRoutes } from './prescriptions';
import { referralRoutes } from './referrals';
import type { PortalServices } from './services';
import { signInRoutes } from './sign-in';
import { userRoutes } from './users';
import { webhookRoutes } from './webhooks';

/** Everything below `/portal`, one line an area. */
export function portalRoutes(services: PortalServices): Route[] {
  return [
    ...signInRoutes(services), //
    ...accountRoutes(services),
    ...keyRoutes(services),
    ...operationsRoutes(services),
    ...practiceRoutes(services),
    ...prescriptionRoutes(services),
    ...referralRoutes(services),
    ...complianceRoutes(services),
    ...userRoutes(services),
    ...webhookRoutes(services),
  ];
}

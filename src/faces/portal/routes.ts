import type { Route } from '../../http';
import { keyRoutes } from './keys';
import { practiceRoutes } from './practices';
import { referralRoutes } from './referrals';
import type { PortalServices } from './services';
import { signInRoutes } from './sign-in';
import { webhookRoutes } from './webhooks';

/** Everything below `/portal`, one line an area. */
export function portalRoutes(services: PortalServices): Route[] {
  return [
    ...signInRoutes(services), //
    ...keyRoutes(services),
    ...practiceRoutes(services),
    ...referralRoutes(services),
    ...webhookRoutes(services),
  ];
}

import type { Route } from '../../http';
import { portalRoute } from './endpoint';
import type { PortalServices } from './services';

/** The practices that an operator chooses from. */
export function practiceRoutes({ identity: { practices } }: PortalServices): Route[] {
  return [
    portalRoute({
      method: 'get',
      path: '/practices',
      interaction: 'search',
      action: 'R',
      roles: ['operator', 'compliance'],
      handle: async () => ({ status: 200, body: { data: await practices.list() } }),
    }),
  ];
}

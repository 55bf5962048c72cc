/** The dashboard: its API below `/portal`, its sessions, and the application itself below `/`. */
import { ProblemError } from '../../fhir';
import type { MountedFace } from '../../http';
import { renderError } from './errors';
import { portalRoutes } from './routes';
import type { PortalServices } from './services';

export { mountApplication } from './application';
export type { PortalServices } from './services';
export { createSessionCookie, type SessionCookie } from './session';

/** Bytes; forms are small. */
const BODY_LIMIT = 64 * 1024;

/** What no other face offers: keys, webhooks, users and figures, for the pages of the dashboard. */
export function createPortalFace(services: PortalServices): MountedFace {
  return {
    at: '/portal',
    routes: portalRoutes(services),
    face: {
      name: 'portal',
      bodyLimit: BODY_LIMIT,
      authenticate: async (x) => {
        const user = await services.cookie.userOf(x);
        if (user !== undefined) return user;
        throw new ProblemError('unauthorized', 'Sign in first.');
      },
      renderError,
    },
  };
}

import { withFreshEvents } from './audit';
import express, { type Application, type NextFunction, type Request, type Response } from 'express';
import helmet, { type HelmetOptions } from 'helmet';
import { mountDocs } from './faces/docs';
import { createDermifiFace } from './faces/dermifi';
import { createAuditFace } from './faces/audit';
import { createFhirFace } from './faces/fhir';
import { createHandoffRxFace } from './faces/handoffrx';
import { createIdentityFace, smartConfigurationRoute } from './faces/identity';
import { mountOperations } from './faces/operations';
import { createPortalFace, createSessionCookie, mountApplication, type SessionCookie } from './faces/portal';
import { ProblemError } from './fhir';
import type { House } from './house';
import {
  ANONYMOUS,
  bearerOf,
  crossOrigin,
  mountFace,
  type Exchange,
  type MountedFace,
  type ServeContext,
} from './http';
import type { Principal } from './identity';
import { interactionServices } from './interactions';
import { logExchange } from './log';
import { EVERYTHING } from './store';

/** The HTTP application: every face mounted on the house's services. The one place where they meet. */
export function createApp(
  house: House,
  state: { stopping(): boolean } = { stopping: () => false },
): Application {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', house.config.trustProxy);
  app.set('etag', false); // versions make the ETags of this server
  mountOperations(app, { ping: () => house.connection.ping(), stopping: state.stopping }, house.operations);
  const { publicUrl } = house.config;
  mountDocs(app, publicUrl, helmet(headersFor(publicUrl)));
  mountApplication(app, publicUrl, headersFor(publicUrl));
  const cookie = createSessionCookie(house.identity, publicUrl);
  const services = { ...house, publicUrl, dashboardUser: (x: Exchange) => cookie.userOf(x) };
  const context = serveContext(house);
  const faces = [
    createHandoffRxFace(services),
    createDermifiFace(services),
    fhirFace(house, cookie),
    auditFace(house, cookie),
    createPortalFace({ ...house, cookie }),
    createIdentityFace(house.identity),
  ];
  const { corsOrigins } = house.config;
  if (corsOrigins.length > 0) app.use(API_PATHS, crossOrigin(corsOrigins));
  for (const face of faces) mountFace(app, face, context);
  app.use(lastResort);
  return app;
}

/** What pages of other origins may be allowed to call: whatever takes a token, and where to get one. */
const API_PATHS = ['/fhir/R4', '/api/v1', '/v1', '/audit', '/oauth2', '/.well-known'];

/** Security headers of pages; those that force TLS only where the server is reached by it. */
function headersFor(publicUrl: string): HelmetOptions {
  const secure = publicUrl.startsWith('https:');
  return {
    strictTransportSecurity: secure,
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: secure ? [] : null } },
  };
}

function serveContext(house: House): ServeContext {
  const { tracing } = house;
  const { trail } = house.audit;
  const log = logExchange(house.log);
  return {
    tracing,
    trail:
      tracing === undefined
        ? trail
        : { record: (draft) => tracing.step('audit.record', {}, () => trail.record(draft)) },
    observe: (done) => {
      const { x, route, status, milliseconds } = done;
      house.operations.observe({
        face: x.face,
        interaction: x.audit.interaction ?? route.interaction,
        status,
        milliseconds,
      });
      log(done);
    },
  };
}

function fhirFace(house: House, cookie: SessionCookie): MountedFace {
  const { config, store, identity, audit } = house;
  return createFhirFace({
    ...interactionServices(house),
    store: withFreshEvents(store, audit),
    rowsFor: (principal, type, permission) => identity.access.rowsFor(principal, type, permission),
    authenticate: config.fhirAuth
      ? async (x) => (await cookie.userOf(x)) ?? clientOrOperator(identity, tokenOf(x))
      : async (x) => (await cookie.userOf(x).catch(() => undefined)) ?? OPEN,
    openRoutes: [smartConfigurationRoute(identity)],
  });
}

/** The endpoint is for clients and the dashboard; of users with a token only operators come in, to look at plans. */
async function clientOrOperator(identity: House['identity'], token: string): Promise<Principal> {
  try {
    return await identity.authenticateClient(token);
  } catch (error) {
    const user = await identity.authenticateUser(token).catch(() => undefined);
    if (user?.role === 'operator') return user;
    throw error;
  }
}

function auditFace({ audit, identity }: House, cookie: SessionCookie): MountedFace {
  return createAuditFace({
    audit,
    authenticate: async (x) => (await cookie.userOf(x)) ?? identity.authenticate(tokenOf(x)),
    allows: (principal, type, permission) => identity.access.allows(principal, type, permission),
  });
}

/** Who asks when FHIR_AUTH=off: everybody, for everything. */
const OPEN: Principal = {
  ...ANONYMOUS,
  kind: 'system',
  id: 'open',
  name: 'FHIR_AUTH=off',
  viewer: EVERYTHING,
};

function tokenOf(x: Exchange): string {
  const token = bearerOf(x);
  if (token !== undefined) return token;
  throw new ProblemError(
    'unauthorized',
    'Send an access token: Authorization: Bearer <token>; get one from /oauth2/token.',
  );
}

/** What no face caught; without internals. */
function lastResort(_error: unknown, _req: Request, res: Response, _next: NextFunction): void {
  if (!res.headersSent) res.status(500).json({ error: 'Internal error' });
}

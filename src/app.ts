import { withFreshEvents } from './audit';
import express, { type Application, type NextFunction, type Request, type Response } from 'express';
import helmet, { type HelmetOptions } from 'helmet';
import { mountDocs } from './faces/docs';
import { createDermifiFace } from './faces/dermifi';
import { createAuditFace } from './faces/audit';
import { createFhirFace, DEFAULT_LIMITS } from './faces/fhir';
import { createHandoffRxFace } from './faces/handoffrx';
import { createIdentityFace, smartConfigurationRoute } from './faces/identity';
import { createMetrics, mountOperations } from './faces/operations';
import { ProblemError } from './fhir';
import type { House } from './house';
import { ANONYMOUS, mountFace, type Exchange, type ServeContext } from './http';
import type { Principal } from './identity';
import { createLogger, logExchange } from './log';
import { EVERYTHING, explain } from './store';

/** The HTTP application: every face mounted on the house's services. The one place where they meet. */
export function createApp(house: House, state: { stopping(): boolean } = { stopping: () => false }): Application {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', house.config.trustProxy);
  app.set('etag', false); // versions make the ETags of this server
  const metrics = createMetrics();
  mountOperations(app, { ping: () => house.connection.ping(), stopping: state.stopping }, metrics);
  mountDocs(app, house.config.publicUrl, helmet(headersFor(house.config.publicUrl)));
  const context = serveContext(house, metrics.observe);
  const faces = [
    createHandoffRxFace({ ...house, publicUrl: house.config.publicUrl }),
    createDermifiFace({ ...house, publicUrl: house.config.publicUrl }),
    { at: '/fhir/R4', ...fhirFace(house) },
    { at: '/audit', ...auditFace(house) },
    { at: '/', ...createIdentityFace(house.identity) },
  ];
  for (const { at, face, routes } of faces) mountFace(app, at, face, routes, context);
  app.use(lastResort);
  return app;
}

/** Security headers of pages; those that force TLS only where the server is reached by it. */
function headersFor(publicUrl: string): HelmetOptions {
  const secure = publicUrl.startsWith('https:');
  return {
    strictTransportSecurity: secure,
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: secure ? [] : null } },
  };
}

function serveContext(house: House, measure: ServeContext['observe']): ServeContext {
  const log = logExchange(createLogger(house.config.logLevel));
  return {
    trail: house.audit.trail,
    observe: (done) => {
      measure(done);
      log(done);
    },
  };
}

function fhirFace({ config, connection, store, identity, audit, directory, notify, searchParameters }: House) {
  return createFhirFace({
    store: withFreshEvents(store, audit),
    searchParameters,
    subscriptions: notify.subscriptions,
    directory,
    explain: (viewer, asked) => explain({ connection }, viewer, asked),
    trail: audit.trail,
    baseUrl: `${config.publicUrl}/fhir/R4`,
    limits: DEFAULT_LIMITS,
    validation: 'strict',
    rowsFor: (principal, type, permission) => identity.access.rowsFor(principal, type, permission),
    authenticate: config.fhirAuth ? (x) => bearerOf(x, (token) => clientOrOperator(identity, token)) : () => Promise.resolve(OPEN),
    openRoutes: [smartConfigurationRoute(identity)],
  });
}

/** The endpoint is for clients; of users only operators come in, to look at plans. */
async function clientOrOperator(identity: House['identity'], token: string): Promise<Principal> {
  try {
    return await identity.authenticateClient(token);
  } catch (error) {
    const user = await identity.authenticateUser(token).catch(() => undefined);
    if (user?.role === 'operator') return user;
    throw error;
  }
}

function auditFace({ audit, identity }: House) {
  return createAuditFace({
    audit,
    authenticate: (x) => bearerOf(x, (token) => identity.authenticate(token)),
    allows: (principal, type, permission) => identity.access.allows(principal, type, permission),
  });
}

/** Who asks when FHIR_AUTH=off: everybody, for everything. */
const OPEN: Principal = { ...ANONYMOUS, kind: 'system', id: 'open', name: 'FHIR_AUTH=off', viewer: EVERYTHING };

function bearerOf(x: Exchange, authenticate: (token: string) => Promise<Principal>): Promise<Principal> {
  const [, token] = /^Bearer +(\S+) *$/i.exec(x.req.get('authorization') ?? '') ?? [];
  if (token !== undefined) return authenticate(token);
  throw new ProblemError('unauthorized', 'Send an access token: Authorization: Bearer <token>; get one from /oauth2/token.', {
    headers: { 'WWW-Authenticate': 'Bearer' },
  });
}

/** What no face caught; without internals. */
function lastResort(_error: unknown, _req: Request, res: Response, _next: NextFunction): void {
  if (!res.headersSent) res.status(500).json({ error: 'Internal error' });
}

import { ANONYMOUS, type Exchange, type Face, type MountedFace, type Reply, type Route } from '../../http';
import type { Identity } from '../../identity';

/** `/oauth2/token` and the server's public keys. Its failures are told as OAuth does (RFC 6749, 5.2). */
export function createIdentityFace(identity: Identity): MountedFace {
  const face: Face = {
    name: 'identity',
    bodyLimit: 64 * 1024,
    authenticate: () => Promise.resolve(ANONYMOUS),
    renderError: (problem) => ({
      status: problem.status,
      headers: { ...problem.headers, 'Cache-Control': 'no-store' },
      body: {
        error: problem.status >= 500 ? 'server_error' : 'invalid_request',
        error_description: problem.message,
      },
    }),
  };
  const token: Route = {
    method: 'post',
    path: '/oauth2/token',
    interaction: 'login',
    action: 'E',
    open: true,
    handle: (x) => issueToken(identity, x),
  };
  const keys: Route = {
    method: 'get',
    path: '/.well-known/jwks.json',
    interaction: 'capabilities',
    action: 'R',
    open: true,
    unaudited: true,
    handle: async () => ({
      status: 200,
      headers: { 'Cache-Control': 'public, max-age=300' },
      body: await identity.tokens.jwks(),
    }),
  };
  return { at: '/', face, routes: [token, keys] };
}

/** `GET /fhir/R4/.well-known/smart-configuration`. https://hl7.org/fhir/smart-app-launch/conformance.html */
export function smartConfigurationRoute(identity: Identity): Route {
  return {
    method: 'get',
    path: '/.well-known/smart-configuration',
    interaction: 'capabilities',
    action: 'R',
    open: true,
    unaudited: true,
    handle: () => Promise.resolve({ status: 200, body: identity.oauth.smartConfiguration() }),
  };
}

async function issueToken(identity: Identity, x: Exchange): Promise<Reply> {
  const { req } = x;
  const answer = await identity.oauth.token({
    body: x.body,
    contentType: req.get('content-type'),
    authorization: req.get('authorization'),
  });
  const { client, claimed } = answer;
  if (client !== undefined) x.principal = { ...ANONYMOUS, kind: 'client', ...client };
  if (answer.status !== 200) {
    x.audit.outcome = '4';
    x.audit.outcomeText = String(answer.body.error);
    x.audit.query = `${req.method} ${req.originalUrl}`;
  }
  if (claimed !== undefined) x.audit.details = [{ type: 'client', value: claimed }];
  return { status: answer.status, headers: answer.headers, body: answer.body };
}

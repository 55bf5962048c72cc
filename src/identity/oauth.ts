import { hasUsableFilter, type Clients } from './clients';
import { ASSERTION_ALGORITHMS, type VerifyAssertion } from './client-assertions';
import type { ClientRecord } from './records';
import { digest, sameSecret } from './sealing';
import type { Tokens } from './signing-keys';
import { formatScope, grantedScopes, type ParseFilter, parseScope, type SmartScope } from './smart';

export interface TokenRequest {
  /** `application/x-www-form-urlencoded`, as it came. */
  body: string;
  contentType: string | undefined;
  authorization: string | undefined;
}

/** The answer of the token endpoint (RFC 6749, 5.1 and 5.2), and what the audit entry is to say. */
export interface TokenAnswer {
  status: 200 | 400 | 401;
  headers: Record<string, string>;
  body: Record<string, string | number>;
  /** The client that asked, once it has proved itself. */
  client?: { id: string; name: string; practice?: string; practiceName?: string };
  /** Id that was claimed, proved or not. */
  claimed?: string;
}

export interface OAuth {
  /** `POST /oauth2/token`: client_credentials (SMART Backend Services). Never throws for a bad request. */
  token(request: TokenRequest): Promise<TokenAnswer>;
  /** Body of `/fhir/R4/.well-known/smart-configuration`. */
  smartConfiguration(): object;
}

interface OAuthServices {
  clients: Clients;
  tokens: Tokens;
  verifyAssertion: VerifyAssertion;
  parseFilter: ParseFilter;
  publicUrl: string;
  /** Lifetime of access tokens in seconds. */
  tokenSeconds: number;
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const HEADERS = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };
/** Compared with the secret of an unknown client, so that its time tells nothing. */
const NO_SECRET = digest('no secret');

/** A refusal in the words of RFC 6749, 5.2. */
class OAuthError extends Error {
  constructor(
    readonly code: 'invalid_request' | 'invalid_client' | 'unsupported_grant_type' | 'invalid_scope',
    message: string,
    readonly claimed?: string,
  ) {
    super(message);
  }
}

export function createOAuth(services: OAuthServices): OAuth {
  const { publicUrl } = services;
  return {
    async token(request) {
      try {
        return await issue(services, request);
      } catch (error) {
        if (error instanceof OAuthError) return refusal(error);
        throw error;
      }
    },
    smartConfiguration: () => ({
      issuer: publicUrl,
      jwks_uri: `${publicUrl}/.well-known/jwks.json`,
      token_endpoint: tokenEndpoint(publicUrl),
      grant_types_supported: ['client_credentials'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
      scopes_supported: ['system/*.cruds', 'system/*.rs', 'system/*.read', 'system/*.write', 'system/*.*'],
      response_types_supported: [],
      code_challenge_methods_supported: [],
      capabilities: [
        'client-confidential-symmetric',
        'client-confidential-asymmetric',
        'permission-v1',
        'permission-v2',
      ],
    }),
  };
}

/** URL of the token endpoint: also the audience of client assertions. */
export function tokenEndpoint(publicUrl: string): string {
  return `${publicUrl}/oauth2/token`;
}

async function issue(services: OAuthServices, request: TokenRequest): Promise<TokenAnswer> {
  const form = readForm(request);
  const client = await authenticate(services, form, request.authorization);
  const { _id: id, name, practice, practiceName } = client;
  if (form.get('grant_type') !== 'client_credentials') {
    throw new OAuthError('unsupported_grant_type', 'The only grant type is client_credentials.', id);
  }
  const scope = grant(client, form.get('scope'), services.parseFilter).map(formatScope).join(' ');
  const { tokenSeconds } = services;
  const token = await services.tokens.sign({ kind: 'client', sub: id, scope }, tokenSeconds);
  return {
    status: 200,
    headers: HEADERS,
    body: { access_token: token, token_type: 'Bearer', expires_in: tokenSeconds, scope },
    client: { id, name, ...(practice !== undefined && { practice, practiceName }) },
    claimed: id,
  };
}

function readForm({ body, contentType }: TokenRequest): Map<string, string> {
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/x-www-form-urlencoded') {
    throw new OAuthError('invalid_request', 'The body must be application/x-www-form-urlencoded.');
  }
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(body)) {
    if (form.has(name))
      throw new OAuthError('invalid_request', `The parameter ${name} is there more than once.`);
    form.set(name, value);
  }
  if (!form.has('grant_type'))
    throw new OAuthError('invalid_request', 'The parameter grant_type is missing.');
  return form;
}

/** The client, proved in one of three ways. @throws OAuthError invalid_client, the same whatever was wrong. */
async function authenticate(
  { clients, verifyAssertion }: OAuthServices,
  form: ReadonlyMap<string, string>,
  authorization: string | undefined,
): Promise<ClientRecord> {
  const claim = readClaim(form, authorization);
  const client = await clients.find(claim.id);
  const proved =
    'secret' in claim
      ? sameSecret(digest(claim.secret), client?.secretHash ?? NO_SECRET)
      : client !== undefined &&
        client.secretHash === undefined &&
        (await verifyAssertion(client, claim.assertion));
  if (!proved || client === undefined)
    throw new OAuthError('invalid_client', 'The client is not known or its proof is wrong.', claim.id);
  return client;
}

type ClientClaim = { id: string; secret: string } | { id: string; assertion: string };

function readClaim(form: ReadonlyMap<string, string>, authorization: string | undefined): ClientClaim {
  const basic = readBasic(authorization);
  const assertion = form.get('client_assertion');
  const secret = form.get('client_secret');
  if ([basic, assertion, secret].filter((each) => each !== undefined).length > 1) {
    throw new OAuthError('invalid_request', 'Authenticate the client in one way only.');
  }
  if (basic !== undefined) return basic;
  const id = form.get('client_id');
  if (secret !== undefined && id !== undefined) return { id, secret };
  if (assertion === undefined) throw new OAuthError('invalid_client', 'The client did not authenticate.', id);
  if (form.get('client_assertion_type') !== ASSERTION_TYPE) {
    throw new OAuthError('invalid_request', `client_assertion_type must be ${ASSERTION_TYPE}.`, id);
  }
  const subject = subjectOf(assertion);
  if (id !== undefined && id !== subject)
    throw new OAuthError('invalid_client', 'client_id is not the subject.', id);
  return { id: subject, assertion };
}

/** RFC 6749, 2.3.1: id and secret are form-encoded before they become a Basic credential. */
function readBasic(authorization: string | undefined): { id: string; secret: string } | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]*) *$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const cut = text.indexOf(':');
  if (cut < 0) throw new OAuthError('invalid_client', 'The Basic credential has no colon.');
  return { id: formDecoded(text.slice(0, cut)), secret: formDecoded(text.slice(cut + 1)) };
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/** Who an assertion says it is of; verified afterwards. */
function subjectOf(assertion: string): string {
  try {
    const payload: unknown = JSON.parse(
      Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString('utf8'),
    );
    const { sub } = (payload ?? {}) as { sub?: unknown };
    return typeof sub === 'string' ? sub : '';
  } catch {
    return '';
  }
}

/**
 * Requested scopes as far as the client may have them; without a request all it may have. Scopes that are not about
 * resources (`openid`) are left out. @throws OAuthError invalid_scope
 */
function grant(client: ClientRecord, requested: string | undefined, parseFilter: ParseFilter): SmartScope[] {
  const allowed = client.scopes.flatMap((each) => parseScope(each) ?? []);
  const words = (requested ?? '').split(' ').filter((word) => word !== '');
  if (words.length === 0) return allowed;
  const wishes = words
    .filter((word) => word.includes('/'))
    .map((word) => {
      const scope = parseScope(word);
      if (scope?.context !== 'system') {
        throw new OAuthError(
          'invalid_scope',
          `"${word}" cannot be granted to a client on its own: ask for system scopes.`,
          client._id,
        );
      }
      if (!hasUsableFilter(scope, parseFilter)) {
        throw new OAuthError(
          'invalid_scope',
          `The search parameters of "${word}" are not known.`,
          client._id,
        );
      }
      return scope;
    });
  const granted = grantedScopes(wishes, allowed);
  if (granted.length === 0)
    throw new OAuthError('invalid_scope', 'None of the requested scopes may be granted.', client._id);
  return granted;
}

function refusal({ code, message, claimed }: OAuthError): TokenAnswer {
  const unauthorized = code === 'invalid_client';
  return {
    status: unauthorized ? 401 : 400,
    headers: { ...HEADERS, ...(unauthorized && { 'WWW-Authenticate': 'Basic realm="crosswalk"' }) },
    body: { error: code, error_description: message },
    ...(claimed !== undefined && { claimed }),
  };
}

import type { ResourceType } from '@medplum/fhirtypes';
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ProblemError } from '../fhir';
import type { Viewer } from '../store';
import type { Practices } from './practices';
import type { Principal } from './principal';
import type { ClientRecord, Records } from './records';
import { digest, randomText } from './sealing';
import type { Tokens } from './signing-keys';
import { type Access, formatScope, type ParseFilter, parseScope, type SmartScope } from './smart';

/** What may be told about a client of the FHIR endpoint. */
export interface ClientInfo {
  clientId: string;
  name: string;
  /** Scopes that may be granted, separated by spaces. */
  scope: string;
  practice: string | null;
  practiceId: string | null;
  /** How it proves itself. */
  auth: 'client_secret' | 'private_key_jwt';
  status: 'active' | 'disabled';
  createdAt: Date;
}

/** A client just made: the only time that its secret is shown. */
export interface NewClient {
  clientId: string;
  /** Absent for clients that sign assertions. */
  clientSecret?: string;
}

export interface ClientRequest {
  name: string;
  /** SMART scopes, v1 or v2, separated by spaces. */
  scope: string;
  /** Id or name; without one the client sees the whole deployment. */
  practice?: string;
  /** Public keys (RFC 7517), inline or by URL: then there is no secret. */
  jwks?: unknown;
  jwksUrl?: string;
}

export interface Clients {
  /** @throws ProblemError invalid: name, scope, practice, keys. */
  create(request: ClientRequest): Promise<NewClient>;
  /** By name; of one practice (id) when given. */
  list(practice?: string): Promise<ClientInfo[]>;
  /** No new tokens; those that are out end within five seconds. @throws ProblemError not-found */
  disable(clientId: string, practice?: string): Promise<ClientInfo>;
  /** The active client of that id. */
  find(clientId: string): Promise<ClientRecord | undefined>;
  /** What an active client may see at most: for what is sent to it later, without a token (subscriptions). */
  viewerOf(clientId: string): Promise<Viewer | undefined>;
  /** Whose access token this is. @throws ProblemError unauthorized */
  authenticate(accessToken: string): Promise<Principal>;
}

interface ClientServices {
  practices: Practices;
  tokens: Tokens;
  access: Access;
  parseFilter: ParseFilter;
  clock: () => Date;
}

/**
 * How long a process believes that a client is still active. Tokens of clients are short (300 s) and no document
 * asks for their revocation, so a read of every request is not spent on it; keys and sessions have theirs.
 */
const CLIENT_KEPT_MS = 5_000;
const TOKENS_KEPT = 5_000;

export function createClients({ clients }: Pick<Records, 'clients'>, services: ClientServices): Clients {
  const { practices, tokens, access, parseFilter, clock } = services;
  const active = new LRUCache<string, { client: ClientRecord; until: number }>({ max: 1_000 });
  const principals = new LRUCache<string, Principal>({ max: TOKENS_KEPT });

  const find = async (clientId: string): Promise<ClientRecord | undefined> => {
    const client = await clients.findOne({ _id: clientId, disabledAt: { $exists: false } }).lean();
    return client ?? undefined;
  };
  const recently = async (clientId: string): Promise<ClientRecord | undefined> => {
    const kept = active.get(clientId);
    if (kept !== undefined && kept.until > clock().getTime()) return kept.client;
    const client = await find(clientId);
    if (client === undefined) active.delete(clientId);
    else active.set(clientId, { client, until: clock().getTime() + CLIENT_KEPT_MS });
    return client;
  };

  return {
    find,
    async viewerOf(clientId) {
      // Not from memory: what is sent out must not outlive the right to it, whichever process took that away.
      const client = await find(clientId);
      return client === undefined ? undefined : principalOf(client, client.scopes, access).viewer;
    },
    async create(request) {
      const scopes = checkedScopes(request.scope, parseFilter);
      if (request.name.trim() === '') throw new ProblemError('invalid', 'A client needs a name.');
      const practice = request.practice === undefined ? undefined : await practices.get(request.practice);
      const keys = checkedKeys(request);
      const clientId = `client_${randomText(20)}`;
      const clientSecret = keys === undefined ? `cws_${randomText(43)}` : undefined;
      await clients.insertOne({
        _id: clientId,
        name: request.name.trim(),
        scopes,
        createdAt: clock(),
        ...(practice !== undefined && { practice: practice.id, practiceName: practice.name }),
        ...(clientSecret !== undefined && { secretHash: digest(clientSecret) }),
        ...keys,
      });
      return { clientId, ...(clientSecret !== undefined && { clientSecret }) };
    },
    async list(practice) {
      const all = await clients
        .find(practice === undefined ? {} : { practice })
        .sort({ name: 1, _id: 1 })
        .lean();
      return all.map(infoOf);
    },
    async disable(clientId, practice) {
      const filter = { _id: clientId, ...(practice !== undefined && { practice }) };
      const client = await clients.findOneAndUpdate(filter, { $min: { disabledAt: clock() } }).lean();
      if (client === null) throw new ProblemError('not-found', `There is no client "${clientId}".`);
      active.delete(clientId);
      return { ...infoOf(client), status: 'disabled' };
    },
    async authenticate(accessToken) {
      const claims = await tokens.verify(accessToken);
      const client = claims.kind === 'client' ? await recently(claims.sub) : undefined;
      if (client === undefined)
        throw new ProblemError('unauthorized', 'The access token is not valid or has expired.');
      const known = principals.get(accessToken);
      if (known !== undefined) return known;
      const principal = principalOf(client, (claims.scope ?? '').split(' '), access);
      principals.set(accessToken, principal);
      return principal;
    },
  };
}

function principalOf(client: ClientRecord, scopes: readonly string[], access: Access): Principal {
  const { practice, practiceName } = client;
  const rows = access.readable(scopes);
  return {
    kind: 'client',
    id: client._id,
    name: client.name,
    ...(practice !== undefined && { practice, practiceName }),
    scopes,
    viewer: { ...(practice !== undefined && { practice }), ...(rows !== undefined && { rows }) },
  };
}

function infoOf(client: ClientRecord): ClientInfo {
  return {
    clientId: client._id,
    name: client.name,
    scope: client.scopes.join(' '),
    practice: client.practiceName ?? null,
    practiceId: client.practice ?? null,
    auth: client.secretHash === undefined ? 'private_key_jwt' : 'client_secret',
    status: client.disabledAt === undefined ? 'active' : 'disabled',
    createdAt: client.createdAt,
  };
}

function checkedScopes(text: string, parseFilter: ParseFilter): string[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 0) throw new ProblemError('invalid', 'A client needs a scope, such as system/*.rs.');
  return words.map((word) => {
    const scope = parseScope(word);
    if (scope?.context !== 'system' || !hasUsableFilter(scope, parseFilter)) {
      throw new ProblemError(
        'invalid',
        `"${word}" is no scope that a client can have: they look like system/Patient.rs.`,
      );
    }
    return formatScope(scope);
  });
}

/** False when a type has not the search parameters that its scope names. */
export function hasUsableFilter({ type, filter }: SmartScope, parseFilter: ParseFilter): boolean {
  if (filter === undefined || type === '*') return true;
  try {
    parseFilter(type as ResourceType, filter);
    return true;
  } catch {
    return false;
  }
}

function checkedKeys({ jwks, jwksUrl }: ClientRequest): Pick<ClientRecord, 'jwks' | 'jwksUrl'> | undefined {
  if (jwks !== undefined && jwksUrl !== undefined)
    throw new ProblemError('invalid', 'Give keys or their URL, not both.');
  if (jwksUrl !== undefined) {
    const url = URL.canParse(jwksUrl) ? new URL(jwksUrl) : undefined;
    if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
      throw new ProblemError('invalid', 'The URL of the keys must be an https address.');
    }
    return { jwksUrl };
  }
  return jwks === undefined ? undefined : { jwks: { keys: publicKeysOf(jwks) } };
}

/** The usable public keys of a JWKS. @throws ProblemError invalid when it has none, or a private one. */
export function publicKeysOf(jwks: unknown): JsonWebKey[] {
  const { keys } = (jwks ?? {}) as { keys?: unknown };
  const list = Array.isArray(keys) ? (keys as JsonWebKey[]) : [];
  if (list.some((key) => key.d !== undefined || key.kty === 'oct')) {
    throw new ProblemError(
      'invalid',
      'The key set has a private key in it: keep that, and give the public one.',
    );
  }
  const usable = list.filter(isPublicKey);
  if (usable.length === 0) throw new ProblemError('invalid', 'The key set has no RSA or EC public key.');
  return usable;
}

function isPublicKey(key: JsonWebKey): boolean {
  try {
    return ['rsa', 'ec'].includes(createPublicKey({ key, format: 'jwk' }).asymmetricKeyType ?? '');
  } catch {
    return false;
  }
}

import type { Organization } from '@medplum/fhirtypes';
import type { Connection } from 'mongoose';
import { escapeValue, parseSearch } from '../search';
import { EVERYTHING, type Store } from '../store';
import { type Accounts, createAccounts } from './accounts';
import { createAllowlist } from './allowlist';
import { createAssertions, type FetchJson } from './client-assertions';
import { type Clients, createClients } from './clients';
import { createIdempotency, type Idempotency } from './idempotency';
import { isApiKey } from './key-format';
import { createKeys, type Keys } from './keys';
import { createKeyUse, type KeyUse } from './key-use';
import { createLockout } from './lockout';
import { loadMasterKey, MasterKeyError } from './master-key';
import { createOAuth, type OAuth, tokenEndpoint } from './oauth';
import { createPasswords, type PasswordCost } from './passwords';
import { createPractices, type OrganizationsNamed, type Practices } from './practices';
import { createPortalSessions, type PortalSessions } from './portal-sessions';
import type { Principal } from './principal';
import { createRateLimits, type RateLimits } from './rate-limits';
import { isDuplicate, openRecords, type Records } from './records';
import { createSealing, type Sealing } from './sealing';
import { createSessions, type Sessions } from './sessions';
import { createTokens, type Tokens } from './signing-keys';
import { type Access, createAccess, type ParseFilter } from './smart';
import { createUsers, type Users } from './users';

export type { Accounts, OfferedSecondFactor, OwnSession, Proof } from './accounts';
export type { FetchJson } from './client-assertions';
export type { ClientInfo, ClientRequest, Clients, NewClient } from './clients';
export type { Claim, Idempotency, IdempotencyRequest } from './idempotency';
export { KEY_SCOPES, type KeyInfo, type KeyRequest, type Keys, type NewKey, PLANS } from './keys';
export type { HourOfUse, KeyUse } from './key-use';
export { MasterKeyError } from './master-key';
export type { OAuth, TokenAnswer, TokenRequest } from './oauth';
export type { Practice, Practices } from './practices';
export type { PasswordCost } from './passwords';
export type { PortalSession, PortalSessions } from './portal-sessions';
export type { Permission, Plan, Principal, Role } from './principal';
export { type Limited, PER_MINUTE, type RateLimits } from './rate-limits';
export { holds, permissionsOf, ROLES } from './rights';
export { sameSecret, type Sealing } from './sealing';
export type { Login, LoginRequest, Renewal, Sessions } from './sessions';
export type { Tokens } from './signing-keys';
export type { Access, Letter, Rows, SmartScope } from './smart';
export { totpUri } from './totp';
export type { NewUser, UserInfo, UserRequest, Users, UserStanding } from './users';

/** Who may come in, and what they may do. */
export interface Identity {
  practices: Practices;
  keys: Keys;
  users: Users;
  sessions: Sessions;
  /** Sign-ins of the dashboard. */
  portalSessions: PortalSessions;
  /** What users do about their own way in. */
  accounts: Accounts;
  keyUse: KeyUse;
  clients: Clients;
  oauth: OAuth;
  tokens: Tokens;
  access: Access;
  limits: RateLimits;
  idempotency: Idempotency;
  sealing: Sealing;
  /** IP_ALLOWLIST: whether this address may call. */
  allowsAddress(address: string): boolean;
  /** HandoffRx: who holds this key. @throws ProblemError unauthorized */
  authenticateKey(bearer: string): Promise<Principal>;
  /** Dermifi and the dashboard: whose access token this is. @throws ProblemError unauthorized */
  authenticateUser(bearer: string): Promise<Principal>;
  /** FHIR: which client's access token this is. @throws ProblemError unauthorized */
  authenticateClient(bearer: string): Promise<Principal>;
  /** Any of the three, told apart by what they are. @throws ProblemError unauthorized */
  authenticate(bearer: string): Promise<Principal>;
  /** Resolves when nothing is left to write. */
  close(): Promise<void>;
}

export interface IdentityOptions {
  /** mongoose connection of the store. */
  connection: Connection;
  store: Store;
  /** Base of links, issuer and audience of tokens. */
  publicUrl: string;
  /** Where the master key lies when `masterKey` is not given. */
  dataDir: string;
  /** `CROSSWALK_MASTER_KEY`: base64 of 32 bytes or more, for deployments of several hosts. */
  masterKey?: string;
  /** CIDRs of `allowsAddress`; none allows all. */
  allowedCidrs?: readonly string[];
  /** Fetches clients' key sets within the deployment's address rules. */
  fetchJson: FetchJson;
  /** Lifetime of clients' access tokens in seconds: default 300, at most 3600. */
  tokenSeconds?: number;
  clock?: () => Date;
  /** scrypt's cost; the default is OWASP's. */
  passwordCost?: PasswordCost;
}

const LONGEST_TOKEN_S = 3600;

/**
 * Opens identity on the store's connection: collections and indexes, master key, first signing key.
 * @throws MasterKeyError one line for the operator.
 */
export async function createIdentity(options: IdentityOptions): Promise<Identity> {
  const { connection, store, publicUrl, clock = () => new Date() } = options;
  const records = await openRecords(connection);
  const sealing = createSealing(
    await loadMasterKey({ masterKey: options.masterKey, dataDir: options.dataDir }),
  );
  await confirmMasterKey(records, sealing);

  const passwords = createPasswords(options.passwordCost);
  const tokens = createTokens(records, { publicUrl, sealing, clock });
  const access = createAccess(parseFilter);
  const practices = createPractices(records, store, organizationsNamed(store), clock);
  const keys = createKeys(records, practices, clock);
  const lockout = createLockout(records, clock);
  const signingIn = { tokens, passwords, lockout, sealing, clock };
  const sessions = createSessions(records, signingIn);
  const limits = createRateLimits(records, clock);
  const keyUse = createKeyUse(records, clock);
  const clients = createClients(records, { practices, tokens, access, parseFilter, clock });
  const verifyAssertion = createAssertions(records, {
    audience: [tokenEndpoint(publicUrl), publicUrl],
    fetchJson: options.fetchJson,
    clock,
  });
  const tokenSeconds = Math.min(LONGEST_TOKEN_S, options.tokenSeconds ?? 300);
  return {
    practices,
    keys,
    users: createUsers(records, { practices, passwords, lockout, sealing, clock }),
    sessions,
    portalSessions: createPortalSessions(records, signingIn),
    accounts: createAccounts(records, signingIn),
    keyUse,
    clients,
    oauth: createOAuth({ clients, tokens, verifyAssertion, parseFilter, publicUrl, tokenSeconds }),
    tokens,
    access,
    limits: {
      ...limits,
      async handoffrx(principal) {
        const limited = await limits.handoffrx(principal);
        keyUse.note(principal.id, limited.refused !== undefined);
        return limited;
      },
    },
    idempotency: createIdempotency(records, clock),
    sealing,
    allowsAddress: createAllowlist(options.allowedCidrs ?? []),
    authenticateKey: keys.authenticate,
    authenticateUser: sessions.authenticate,
    authenticateClient: clients.authenticate,
    async authenticate(bearer) {
      if (isApiKey(bearer)) return keys.authenticate(bearer);
      const { kind } = await tokens.verify(bearer);
      return kind === 'user' ? sessions.authenticate(bearer) : clients.authenticate(bearer);
    },
    async close() {
      await Promise.all([keys.flush(), keyUse.flush()]);
    },
  };
}

/** What one master key sealed no other opens: better not to start than to fail at the first login. */
async function confirmMasterKey({ masters }: Pick<Records, 'masters'>, sealing: Sealing): Promise<void> {
  const mine = { _id: 'current', fingerprint: sealing.fingerprint };
  const held = (await masters.findById(mine._id).lean()) ?? (await insertMaster(masters, mine));
  if (held?.fingerprint === mine.fingerprint) return;
  throw new MasterKeyError(
    'This database was sealed with another master key: set CROSSWALK_MASTER_KEY, or bring back DATA_DIR/master.key.',
  );
}

async function insertMaster(masters: Records['masters'], mine: { _id: string; fingerprint: string }) {
  try {
    await masters.insertOne(mine);
    return mine;
  } catch (error) {
    if (isDuplicate(error)) return masters.findById(mine._id).lean();
    throw error;
  }
}

const parseFilter: ParseFilter = (type, query) => parseSearch(type, query);

function organizationsNamed(store: Store): OrganizationsNamed {
  return async (name) => {
    const query = new URLSearchParams({ name: escapeValue(name), _count: '100', _sort: '_lastUpdated' });
    const page = await store.search(EVERYTHING, parseSearch('Organization', query.toString()));
    return page.matches.map((match) => match.resource as Organization);
  };
}

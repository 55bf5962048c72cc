import { ProblemError } from '../fhir';
import type { Attempt, Lockout } from './lockout';
import type { Passwords } from './passwords';
import type { Permission, Principal, Role } from './principal';
import { collectionOf, type Records, type SessionRecord, type UserRecord } from './records';
import { permissionsOf } from './rights';
import { digest, randomText, sameSecret, type Sealing } from './sealing';
import type { Tokens } from './signing-keys';
import { totpStep } from './totp';
import { foldEmail, totpPurpose } from './users';

export interface LoginRequest {
  email: string;
  password: string;
  /** Six digits of the authenticator application; required of users that have one. */
  mfaCode?: string;
  /** Network address of the caller. */
  address: string;
}

/** Dermifi, "Refresh access token", and the successor of the refresh token (decisions, "Sessions"). */
export interface Renewal {
  accessToken: string;
  refreshToken: string;
  /** Seconds. */
  expiresIn: number;
  principal: Principal;
}

/** Dermifi, "Authenticate user and obtain access token". */
export interface Login extends Renewal {
  user: { id: string; email: string; role: Role; permissions: readonly Permission[] };
}

export interface Sessions {
  /**
   * @throws ProblemError unauthorized with vendorCode INVALID_CREDENTIALS (whatever was wrong, known e-mail or not)
   * or MFA_REQUIRED; rate-limited with Retry-After.
   */
  login(request: LoginRequest): Promise<Login>;
  /**
   * A refresh token stays good until its successor is used; a token used after its successor was ends the
   * session with all its tokens. @throws ProblemError unauthorized
   */
  refresh(refreshToken: string): Promise<Renewal>;
  /** Ends the session of this access token, at once in every process; who it was. @throws ProblemError unauthorized */
  logout(accessToken: string): Promise<Principal>;
  /** Whose access token this is. One read by id, so that an end counts at once. @throws ProblemError unauthorized */
  authenticate(accessToken: string): Promise<Principal>;
}

/** What signing in takes, here and in the dashboard. */
export interface SessionServices {
  tokens: Tokens;
  passwords: Passwords;
  lockout: Lockout;
  sealing: Sealing;
  clock: () => Date;
}

/** Dermifi: "expiresIn": 3600. */
const ACCESS_SECONDS = 3600;
const SESSION_MS = 30 * 86_400_000;
const KNOWN_ADDRESSES = 10;
/** More steps than are valid at any time, in whatever order they were used. */
const USED_STEPS_KEPT = 6;

export type SessionRecords = Pick<Records, 'users' | 'sessions'>;

export function createSessions(records: SessionRecords, services: SessionServices): Sessions {
  const { users, sessions } = records;
  const { tokens, sealing, clock } = services;
  const collection = collectionOf(sessions);

  const alive = async (id: string): Promise<SessionRecord> => {
    const session = await collection.findOne({ _id: id });
    if (session === null || session.endedAt !== undefined || session.expiresAt <= clock()) throw ended();
    return session;
  };
  const end = async (id: string): Promise<void> => {
    await sessions.updateOne({ _id: id, endedAt: { $exists: false } }, { $set: { endedAt: clock() } });
  };
  const sessionOf = async (accessToken: string): Promise<SessionRecord> => {
    const claims = await tokens.verify(accessToken);
    if (claims.kind !== 'user' || claims.sid === undefined) throw ended();
    return alive(claims.sid);
  };
  const renewal = async (session: SessionRecord, generation: number): Promise<Renewal> => ({
    accessToken: await tokens.sign({ kind: 'user', sub: session.user, sid: session._id }, ACCESS_SECONDS),
    refreshToken: refreshToken(sealing, session._id, generation),
    expiresIn: ACCESS_SECONDS,
    principal: principalOf(session),
  });

  return {
    async login(request) {
      const user = await signIn(users, services, request);
      const session = {
        ...sessionFields(user),
        _id: `ses_${randomText(24)}`,
        ...lifeFrom(clock(), SESSION_MS),
      };
      await beginSession(records, session, user, clock);
      const { _id: id, email, role } = user;
      return { ...(await renewal(session, 1)), user: { id, email, role, permissions: permissionsOf(role) } };
    },
    async refresh(token) {
      const { id, generation } = readRefreshToken(sealing, token);
      const session = await alive(id);
      if (generation === session.generation) return renewal(session, generation + 1);
      const first = generation === session.generation + 1;
      const taken =
        first &&
        (await sessions.updateOne(
          { _id: id, generation: session.generation, endedAt: { $exists: false } },
          { $set: { generation } },
        ));
      // Two uses of one successor at the same moment are one use; anything older is a reuse.
      const held =
        taken !== false && (taken.matchedCount === 1 || (await alive(id)).generation === generation);
      if (held) return renewal(session, generation + 1);
      await end(id);
      throw ended();
    },
    async logout(accessToken) {
      const session = await sessionOf(accessToken);
      await end(session._id);
      return principalOf(session);
    },
    async authenticate(accessToken) {
      return principalOf(await sessionOf(accessToken));
    },
  };
}

/** The user that e-mail, password and code belong to. The work done is the same whether or not there is one. */
export async function proven(
  users: Records['users'],
  services: SessionServices,
  request: LoginRequest,
): Promise<UserRecord> {
  const folded = foldEmail(request.email);
  const found = await users.findOne({ folded }).lean();
  const address = addressOf(folded, request.address);
  const known = found?.knownAddresses.includes(address) === true;
  const attempt = await services.lockout.begin(known ? `${folded}|${address}` : folded);
  const user = found !== null && found.disabledAt === undefined ? found : undefined;
  if (!(await services.passwords.verify(request.password, user?.password)) || user === undefined) {
    await attempt.failed();
    throw wrong();
  }
  await secondFactor(users, services, { user, attempt, code: request.mfaCode });
  await attempt.succeeded();
  return user;
}

/** The same, remembered as a sign-in. */
export async function signIn(
  users: Records['users'],
  services: SessionServices,
  request: LoginRequest,
): Promise<UserRecord> {
  const user = await proven(users, services, request);
  const address = addressOf(user.folded, request.address);
  const isKnown = user.knownAddresses.includes(address);
  const knownAddresses = { $each: [address], $slice: -KNOWN_ADDRESSES };
  await users.updateOne(
    { _id: user._id },
    { $set: { lastSignInAt: services.clock() }, ...(!isKnown && { $push: { knownAddresses } }) },
  );
  return user;
}

/** An address as it is remembered of a user. */
function addressOf(folded: string, address: string): string {
  return digest(`${folded}|${address}`);
}

async function secondFactor(
  users: Records['users'],
  { sealing, clock }: SessionServices,
  { user, attempt, code }: { user: UserRecord; attempt: Attempt; code: string | undefined },
): Promise<void> {
  if (user.totp === undefined) return;
  if (code === undefined || code === '') {
    await attempt.withdrawn();
    throw new ProblemError('unauthorized', 'A code of the second factor is required.', {
      vendorCode: 'MFA_REQUIRED',
    });
  }
  const step = totpStep(sealing.unseal(user.totp, totpPurpose(user._id)), code, clock());
  const totpUsed = { $each: [step], $slice: -USED_STEPS_KEPT };
  const used =
    step === undefined
      ? undefined
      : await users.updateOne({ _id: user._id, totpUsed: { $ne: step } }, { $push: { totpUsed } });
  if (used?.matchedCount === 1) return;
  await attempt.failed();
  throw wrong();
}

/**
 * Stores the session of a user just signed in.
 * @throws ProblemError unauthorized when the user was disabled, or password or second factor changed, meanwhile
 */
export async function beginSession(
  { users, sessions }: SessionRecords,
  session: SessionRecord,
  user: UserRecord,
  clock: () => Date,
): Promise<void> {
  await sessions.insertOne(session);
  const present = await users.findById(session.user).lean();
  const isSame = present?.password === user.password && present.totp === user.totp;
  if (isSame && present.disabledAt === undefined) return;
  await sessions.updateOne({ _id: session._id }, { $set: { endedAt: clock() } });
  throw wrong();
}

/** What a session keeps of its user. */
export function sessionFields(user: UserRecord): Omit<SessionRecord, '_id' | 'createdAt' | 'expiresAt'> {
  return {
    user: user._id,
    email: user.email,
    name: user.name,
    role: user.role,
    ...(user.practice !== undefined && { practice: user.practice, practiceName: user.practiceName }),
    ...(user.practitioner !== undefined && { practitioner: user.practitioner }),
    generation: 1,
  };
}

export function lifeFrom(now: Date, milliseconds: number): Pick<SessionRecord, 'createdAt' | 'expiresAt'> {
  return { createdAt: now, expiresAt: new Date(now.getTime() + milliseconds) };
}

export function principalOf(session: SessionRecord): Principal {
  const { practice } = session;
  return {
    kind: 'user',
    id: session.user,
    name: session.name,
    ...(practice !== undefined && { practice, practiceName: session.practiceName }),
    ...(session.practitioner !== undefined && { practitioner: session.practitioner }),
    scopes: [],
    role: session.role,
    permissions: permissionsOf(session.role),
    email: session.email,
    viewer: practice === undefined ? {} : { practice },
  };
}

const REFRESH = 'refresh-token';

/** A refresh token proves itself: session, number, and a MAC of both. Nothing but the number used last is stored. */
function refreshToken(sealing: Sealing, session: string, generation: number): string {
  const body = `${session}.${generation}`;
  return `${body}.${sealing.mac(body, REFRESH)}`;
}

function readRefreshToken(sealing: Sealing, token: string): { id: string; generation: number } {
  const [id = '', number = '', mac = ''] = token.split('.');
  if (!/^[1-9]\d{0,8}$/.test(number) || !sameSecret(mac, sealing.mac(`${id}.${number}`, REFRESH)))
    throw ended();
  return { id, generation: Number(number) };
}

function ended(): ProblemError {
  return new ProblemError('unauthorized', 'The token is not valid, has expired or was revoked.');
}

function wrong(): ProblemError {
  return new ProblemError('unauthorized', 'E-mail, password or code is wrong.', {
    vendorCode: 'INVALID_CREDENTIALS',
  });
}

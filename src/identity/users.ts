import { ProblemError } from '../fhir';
import type { Lockout } from './lockout';
import { checkNewPassword, type Passwords } from './passwords';
import type { Practices } from './practices';
import type { Role } from './principal';
import { isDuplicate, type Records, type UserRecord } from './records';
import { isRole, ROLES } from './rights';
import { randomText, type Sealing } from './sealing';
import { newTotpSecret } from './totp';

/** What may be told about a user. */
export interface UserInfo {
  id: string;
  email: string;
  name: string;
  role: Role;
  practice: string | null;
  practiceId: string | null;
  practitioner: string | null;
  mfa: boolean;
  status: 'active' | 'disabled';
  createdAt: Date;
}

/** A user as those who administer it see it. */
export interface UserStanding extends UserInfo {
  lastSignInAt: Date | null;
  /** After too many wrong passwords: when the next one may be tried. */
  lockedUntil: Date | null;
}

/** A user just made: the only time that the password and the seed are shown. */
export interface NewUser {
  id: string;
  email: string;
  password: string;
  /** Base32 seed for an authenticator application. */
  totpSecret?: string;
}

export interface UserRequest {
  email: string;
  name: string;
  role: string;
  /** Id or name; without one the user sees the whole deployment. */
  practice?: string;
  /** Practitioner id that the user is. */
  practitioner?: string;
  /** At least 8 characters; made when absent. */
  password?: string;
  mfa?: boolean;
}

export interface Users {
  /** @throws ProblemError invalid (role, e-mail, password, practice) or conflict (e-mail taken). */
  create(request: UserRequest): Promise<NewUser>;
  /** By e-mail; of one practice (id) when given. */
  list(practice?: string): Promise<UserInfo[]>;
  /** By id or e-mail. */
  find(idOrEmail: string): Promise<UserInfo | undefined>;
  /** The same list, with how each user stands. */
  standings(practice?: string): Promise<UserStanding[]>;
  /** No new sign-in, and every session ended at once. @throws ProblemError not-found */
  disable(idOrEmail: string): Promise<UserInfo>;
  /** Lets a disabled user sign in again. @throws ProblemError not-found */
  enable(idOrEmail: string): Promise<UserInfo>;
  /** Forgets the failed sign-ins that make a user wait. @throws ProblemError not-found */
  unlock(idOrEmail: string): Promise<UserInfo>;
  /**
   * A new password, and a new seed where the user has a second factor; the old ones and every session end at once.
   * @throws ProblemError not-found
   */
  renew(idOrEmail: string): Promise<NewUser>;
}

/** Purpose that a user's TOTP seed is sealed for. */
export function totpPurpose(userId: string): string {
  return `totp:${userId}`;
}

export function foldEmail(email: string): string {
  return email.normalize('NFKC').trim().toLowerCase();
}

interface UserServices {
  practices: Practices;
  passwords: Passwords;
  lockout: Lockout;
  sealing: Sealing;
  clock: () => Date;
}

export function createUsers(records: Pick<Records, 'users' | 'sessions'>, services: UserServices): Users {
  const { users, sessions } = records;
  const { practices, passwords, lockout, sealing, clock } = services;

  const record = async (idOrEmail: string): Promise<UserRecord | null> =>
    (await users.findById(idOrEmail).lean()) ??
    (await users.findOne({ folded: foldEmail(idOrEmail) }).lean());
  const present = async (idOrEmail: string): Promise<UserRecord> => {
    const user = await record(idOrEmail);
    if (user === null) throw new ProblemError('not-found', `There is no user "${idOrEmail}".`);
    return user;
  };
  const all = (practice: string | undefined): Promise<UserRecord[]> =>
    users
      .find(practice === undefined ? {} : { practice })
      .sort({ folded: 1 })
      .lean();
  const endSessions = (id: string): Promise<unknown> =>
    sessions.updateMany({ user: id, endedAt: { $exists: false } }, { $set: { endedAt: clock() } });

  return {
    async create(request) {
      const { email, name, role } = checked(request);
      const practice = request.practice === undefined ? undefined : await practices.get(request.practice);
      const id = `usr_${randomText(20)}`;
      const password = request.password ?? randomText(20);
      const totpSecret = request.mfa === true ? newTotpSecret() : undefined;
      const user: UserRecord = {
        _id: id,
        email,
        folded: foldEmail(email),
        name,
        role,
        password: await passwords.hash(password),
        totpUsed: [],
        knownAddresses: [],
        createdAt: clock(),
        ...(practice !== undefined && { practice: practice.id, practiceName: practice.name }),
        ...(request.practitioner !== undefined && { practitioner: request.practitioner }),
        ...(totpSecret !== undefined && { totp: sealing.seal(totpSecret, totpPurpose(id)) }),
      };
      await insert(users, user);
      return { id, email, password, ...(totpSecret !== undefined && { totpSecret }) };
    },
    async list(practice) {
      return (await all(practice)).map(infoOf);
    },
    async standings(practice) {
      const found = await all(practice);
      const waiting = await lockout.waiting(found.flatMap(ownersOf));
      return found.map((user) => {
        const times = ownersOf(user).flatMap((owner) => waiting.get(owner)?.getTime() ?? []);
        return {
          ...infoOf(user),
          lastSignInAt: user.lastSignInAt ?? null,
          lockedUntil: times.length === 0 ? null : new Date(Math.max(...times)),
        };
      });
    },
    async find(idOrEmail) {
      const user = await record(idOrEmail);
      return user === null ? undefined : infoOf(user);
    },
    async disable(idOrEmail) {
      const user = await present(idOrEmail);
      // The user first: a sign-in at the same moment looks at it again after its session is written.
      await users.updateOne(
        { _id: user._id, disabledAt: { $exists: false } },
        { $set: { disabledAt: clock() } },
      );
      await endSessions(user._id);
      return { ...infoOf(user), status: 'disabled' };
    },
    async enable(idOrEmail) {
      const user = await present(idOrEmail);
      await users.updateOne({ _id: user._id }, { $unset: { disabledAt: 1 } });
      return { ...infoOf(user), status: 'active' };
    },
    async unlock(idOrEmail) {
      const user = await present(idOrEmail);
      await lockout.forget(ownersOf(user));
      return infoOf(user);
    },
    async renew(idOrEmail) {
      const user = await present(idOrEmail);
      const { _id: id, email } = user;
      const password = randomText(20);
      const totpSecret = user.totp === undefined ? undefined : newTotpSecret();
      const totp = totpSecret !== undefined && { totp: sealing.seal(totpSecret, totpPurpose(id)) };
      await users.updateOne(
        { _id: id },
        {
          $set: { password: await passwords.hash(password), totpUsed: [], knownAddresses: [], ...totp },
          $unset: { totpOffered: 1 },
        },
      );
      await lockout.forget(ownersOf(user));
      await endSessions(id);
      return { id, email, password, ...(totpSecret !== undefined && { totpSecret }) };
    },
  };
}

/** Under what the sign-ins of a user are counted: from anywhere, and from each address that it is known at. */
function ownersOf({ folded, knownAddresses }: UserRecord): string[] {
  return [folded, ...knownAddresses.map((address) => `${folded}|${address}`)];
}

async function insert(users: Records['users'], user: UserRecord): Promise<void> {
  try {
    await users.insertOne(user);
  } catch (error) {
    if (isDuplicate(error))
      throw new ProblemError('conflict', `There is a user with the e-mail ${user.email} already.`);
    throw error;
  }
}

function checked({ email, name, role, practice, password }: UserRequest): {
  email: string;
  name: string;
  role: Role;
} {
  const refuse = (message: string): never => {
    throw new ProblemError('invalid', message);
  };
  if (!/^[^\s@]+@[^\s@]+$/.test(email.trim())) refuse('The e-mail must have the form name@domain.');
  if (name.trim() === '') refuse('A user needs a name.');
  if (!isRole(role))
    throw new ProblemError('invalid', `Unknown role "${role}": it is one of ${ROLES.join(', ')}.`);
  if (role === 'practice-admin' && practice === undefined) refuse('A practice-admin needs a practice.');
  if (password !== undefined) checkNewPassword(password, 'password');
  return { email: email.trim(), name: name.trim(), role };
}

function infoOf(user: UserRecord): UserInfo {
  return {
    id: user._id,
    email: user.email,
    name: user.name,
    role: user.role,
    practice: user.practiceName ?? null,
    practiceId: user.practice ?? null,
    practitioner: user.practitioner ?? null,
    mfa: user.totp !== undefined,
    status: user.disabledAt === undefined ? 'active' : 'disabled',
    createdAt: user.createdAt,
  };
}

import { ProblemError } from '../fhir';
import type { Principal } from './principal';
import { collectionOf, type SessionRecord } from './records';
import { referralScopesOf } from './rights';
import { digest, randomText } from './sealing';
import {
  beginSession,
  lifeFrom,
  type LoginRequest,
  principalOf,
  sessionFields,
  type SessionRecords,
  type SessionServices,
  signIn,
} from './sessions';

/** A dashboard session as its own browser may know it. */
export interface PortalSession {
  principal: Principal;
  /** Goes back in a header with everything that changes something. */
  csrfToken: string;
  /** When it ends, however busy. */
  expiresAt: Date;
  /** When it ends unless it is used before. */
  idleUntil: Date;
}

/** Sessions of the dashboard: a secret in a cookie, of which only the hash is stored. */
export interface PortalSessions {
  /**
   * Signs in with the same users, second factor and lockout as `Sessions.login`, and refuses with the same problems.
   * @returns the session and the secret for the cookie.
   */
  open(request: LoginRequest): Promise<PortalSession & { secret: string }>;
  /** Whose session this is. One read by id, so that an end counts at once in every process. @throws ProblemError unauthorized */
  authenticate(secret: string): Promise<PortalSession>;
  /** Ends the session at once in every process. Ending it again changes nothing. */
  end(secret: string): Promise<void>;
}

const HOUR_MS = 3_600_000;
const LONGEST_MS = 12 * HOUR_MS;
const IDLE_MS = HOUR_MS / 2;
/** The end by idleness is moved on at most this often. */
const TOUCH_MS = 60_000;
/** 190 bits. */
const SECRET_LENGTH = 32;

export function createPortalSessions(records: SessionRecords, services: SessionServices): PortalSessions {
  const { sealing, clock } = services;
  const collection = collectionOf(records.sessions);

  const shown = (session: SessionRecord): PortalSession => ({
    principal: {
      ...principalOf(session),
      via: 'dashboard',
      scopes: referralScopesOf(session.role, session.practice),
    },
    csrfToken: sealing.mac(session._id, 'portal-csrf'),
    expiresAt: session.expiresAt,
    idleUntil: session.idleUntil ?? session.expiresAt,
  });
  const touched = async (session: SessionRecord, now: Date): Promise<SessionRecord> => {
    const idleUntil = new Date(Math.min(now.getTime() + IDLE_MS, session.expiresAt.getTime()));
    if (idleUntil.getTime() - (session.idleUntil?.getTime() ?? 0) < TOUCH_MS) return session;
    await collection.updateOne({ _id: session._id }, { $max: { idleUntil } });
    return { ...session, idleUntil };
  };

  return {
    async open(request) {
      const user = await signIn(records.users, services, request);
      const secret = randomText(SECRET_LENGTH);
      const now = clock();
      const session: SessionRecord = {
        ...sessionFields(user),
        _id: portalSessionId(secret),
        ...lifeFrom(now, LONGEST_MS),
        idleUntil: new Date(now.getTime() + IDLE_MS),
      };
      await beginSession(records, session, user, clock);
      return { ...shown(session), secret };
    },
    async authenticate(secret) {
      const session = await collection.findOne({ _id: portalSessionId(secret) });
      const now = clock();
      const over =
        session === null ||
        session.endedAt !== undefined ||
        session.expiresAt <= now ||
        session.idleUntil === undefined ||
        session.idleUntil <= now;
      if (over) throw new ProblemError('unauthorized', 'The session has ended. Sign in again.');
      return shown(await touched(session, now));
    },
    async end(secret) {
      await collection.updateOne(
        { _id: portalSessionId(secret), endedAt: { $exists: false } },
        { $set: { endedAt: clock() } },
      );
    },
  };
}

/** The record is found by the hash of the secret: who reads the database cannot sign in with it. */
export function portalSessionId(secret: string): string {
  return `web_${digest(secret)}`;
}

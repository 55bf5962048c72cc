import { fieldProblem, ProblemError } from '../fhir';
import { checkNewPassword } from './passwords';
import { portalSessionId } from './portal-sessions';
import type { UserRecord } from './records';
import { proven, type SessionRecords, type SessionServices } from './sessions';
import { newTotpSecret, totpStep, totpUri } from './totp';
import { totpPurpose } from './users';

/** A user in a session of the dashboard. */
export interface OwnSession {
  /** User id. */
  user: string;
  /** The session's secret, from the cookie. */
  secret: string;
}

/** What is in force, typed once more: an open page alone changes nobody's way in. */
export interface Proof {
  password: string;
  /** Six digits; required of users with a second factor. */
  mfaCode?: string;
  /** Network address of the caller. */
  address: string;
}

/** A seed that is not in force yet; the only time that it is shown. */
export interface OfferedSecondFactor {
  /** Base32 seed for an authenticator application. */
  totpSecret: string;
  /** The same as the `otpauth:` address of a QR code. */
  totpUri: string;
}

/**
 * What users do about their own way in. Wrong proofs count as failed sign-ins do; each change ends every other session
 * of the user, in the dashboard and in the Dermifi API.
 * @throws ProblemError invalid, naming password, mfaCode, newPassword or code; rate-limited with Retry-After
 */
export interface Accounts {
  /** Also takes back a second factor that was offered to who knew the old one. */
  changePassword(own: OwnSession, proof: Proof, newPassword: string): Promise<void>;
  /** Offers a seed, the present one staying in force until `confirmSecondFactor`. A later offer takes its place. */
  offerSecondFactor(own: OwnSession, proof: Proof): Promise<OfferedSecondFactor>;
  /** Brings the seed offered last into force, by a code of it. @throws ProblemError conflict when none was offered */
  confirmSecondFactor(own: OwnSession, code: string): Promise<void>;
  /** From now on the password alone is enough. */
  endSecondFactor(own: OwnSession, proof: Proof): Promise<void>;
}

export function createAccounts(records: SessionRecords, services: SessionServices): Accounts {
  const { users, sessions } = records;
  const { passwords, sealing, clock } = services;

  const present = async ({ user: id }: OwnSession): Promise<UserRecord> => {
    const user = await users.findById(id).lean();
    if (user === null) throw new ProblemError('not-found', `There is no user "${id}".`);
    return user;
  };
  const prove = async (own: OwnSession, proof: Proof): Promise<UserRecord> => {
    const { email } = await present(own);
    try {
      return await proven(users, services, { ...proof, email });
    } catch (error) {
      throw asFault(error);
    }
  };
  const endOthers = async ({ user, secret }: OwnSession): Promise<void> => {
    const others = { user, _id: { $ne: portalSessionId(secret) }, endedAt: { $exists: false } };
    await sessions.updateMany(others, { $set: { endedAt: clock() } });
  };

  return {
    async changePassword(own, proof, newPassword) {
      checkNewPassword(newPassword, 'newPassword');
      if (newPassword === proof.password) throw fault('newPassword', 'Must be another than the present one');
      const { _id, password } = await prove(own, proof);
      const changed = await users.updateOne(
        { _id, password },
        { $set: { password: await passwords.hash(newPassword) }, $unset: { totpOffered: 1 } },
      );
      if (changed.matchedCount === 0) throw overtaken();
      await endOthers(own);
    },
    async offerSecondFactor(own, proof) {
      const { _id, email } = await prove(own, proof);
      const totpSecret = newTotpSecret();
      await users.updateOne({ _id }, { $set: { totpOffered: sealing.seal(totpSecret, totpPurpose(_id)) } });
      return { totpSecret, totpUri: totpUri(totpSecret, email) };
    },
    async confirmSecondFactor(own, code) {
      const { _id, totpOffered } = await present(own);
      if (totpOffered === undefined)
        throw new ProblemError('conflict', 'No second factor waits to be confirmed. Begin again.');
      const step = totpStep(sealing.unseal(totpOffered, totpPurpose(_id)), code, clock());
      if (step === undefined)
        throw fault('code', 'Must be the code that the application shows now; check the clock of its device');
      const changed = await users.updateOne(
        { _id, totpOffered },
        { $set: { totp: totpOffered, totpUsed: [step] }, $unset: { totpOffered: 1 } },
      );
      if (changed.matchedCount === 0) throw overtaken();
      await endOthers(own);
    },
    async endSecondFactor(own, proof) {
      const { _id } = await prove(own, proof);
      await users.updateOne({ _id }, { $unset: { totp: 1, totpOffered: 1 }, $set: { totpUsed: [] } });
      await endOthers(own);
    },
  };
}

/** A sign-in that fails would end the session of who asks; here it is a field that needs another look. */
function asFault(error: unknown): unknown {
  if (!(error instanceof ProblemError) || error.code !== 'unauthorized') return error;
  return error.vendorCode === 'MFA_REQUIRED'
    ? fault('mfaCode', 'Required')
    : fault('password', 'This password, or the code, is wrong');
}

function fault(field: string, message: string): ProblemError {
  return fieldProblem('invalid', 'Some fields need another look.', [{ field, message }]);
}

function overtaken(): ProblemError {
  return new ProblemError('conflict', 'It was changed elsewhere at the same moment. Look again.');
}

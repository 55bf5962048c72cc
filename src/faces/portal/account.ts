import { object } from '../../contract';
import type { Exchange, Route } from '../../http';
import type { OwnSession, Proof } from '../../identity';
import { SHOWN_ONCE } from './administration';
import { portalRoute } from './endpoint';
import type { PortalServices } from './services';
import { secret } from './sign-in';

interface ProofBody {
  password: string;
  mfaCode?: string;
}

const PROOF = { password: secret(256), mfaCode: secret(16) };

/** A user's own way in: the password, and the second factor. */
export function accountRoutes({ identity: { accounts, users }, cookie }: PortalServices): Route[] {
  const own = (x: Exchange): OwnSession => ({ user: x.principal.id, secret: cookie.secretOf(x) ?? '' });
  const change = (x: Exchange, what: string): OwnSession => {
    x.audit.details = [{ type: 'change', value: what }];
    return own(x);
  };
  return [
    portalRoute({
      ...READ,
      path: '/account',
      handle: async ({ x }) => ({ status: 200, body: await users.find(x.principal.id) }),
    }),
    portalRoute<ProofBody & { newPassword: string }>({
      ...CHANGE,
      path: '/account/password',
      body: object({ ...PROOF, newPassword: secret(256) }, ['password', 'newPassword']),
      handle: async ({ x, body }) => {
        await accounts.changePassword(change(x, 'password'), proofOf(x, body), body.newPassword);
        return { status: 204 };
      },
    }),
    portalRoute<ProofBody>({
      ...CHANGE,
      path: '/account/second-factor',
      body: object(PROOF, ['password']),
      handle: async ({ x, body }) => ({
        status: 201,
        headers: SHOWN_ONCE,
        body: await accounts.offerSecondFactor(change(x, 'second factor offered'), proofOf(x, body)),
      }),
    }),
    portalRoute<{ code: string }>({
      ...CHANGE,
      path: '/account/second-factor/confirm',
      body: object({ code: secret(16) }, ['code']),
      handle: async ({ x, body }) => {
        await accounts.confirmSecondFactor(change(x, 'second factor on'), body.code);
        return { status: 204 };
      },
    }),
    portalRoute<ProofBody>({
      ...CHANGE,
      path: '/account/second-factor/end',
      body: object(PROOF, ['password']),
      handle: async ({ x, body }) => {
        await accounts.endSecondFactor(change(x, 'second factor off'), proofOf(x, body));
        return { status: 204 };
      },
    }),
  ];
}

const READ = { interaction: 'security', roles: 'everyone', method: 'get', action: 'R' } as const;
const CHANGE = { interaction: 'security', roles: 'everyone', method: 'post', action: 'U' } as const;

function proofOf({ address }: Exchange, { password, mfaCode }: ProofBody): Proof {
  return { password, address, ...(mfaCode !== undefined && { mfaCode }) };
}

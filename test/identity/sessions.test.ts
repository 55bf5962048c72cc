import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import { Secret, TOTP } from 'otpauth';
import { holds, type Identity, type Login, ROLES } from '../../src/identity';
import { type Deployment, deployment, problemOf, PUBLIC_URL } from './support';

let house: Deployment;
let one: Identity;
let two: Identity;

beforeAll(async () => {
  house = await deployment();
  [one, two] = await Promise.all([house.start(), house.start()]);
});
afterAll(() => house.close());

const address = '192.0.2.1';
let users = 0;

/** A user of its own for each test, so that no lockout of one is felt by another. */
async function newUser(options: { role?: string; mfa?: boolean } = {}) {
  users += 1;
  const email = `User${users}@example.org`;
  return one.users.create({ email, name: `User ${users}`, role: options.role ?? 'provider', ...options });
}

function codeAt(totpSecret: string | undefined, steps = 0): string {
  const totp = new TOTP({ secret: Secret.fromBase32(totpSecret ?? '') });
  return totp.generate({ timestamp: house.now().getTime() + steps * 30_000 });
}

const WRONG = { status: 401, vendorCode: 'INVALID_CREDENTIALS' };

describe('login', () => {
  it('answers as the Dermifi document shows', async () => {
    const { id, email, password } = await newUser();
    const login = await one.sessions.login({ email: email.toUpperCase(), password, address });
    expect(login).toMatchObject({
      accessToken: expect.stringMatching(/^eyJ/),
      refreshToken: expect.any(String),
      expiresIn: 3600,
      user: { id, email, role: 'provider', permissions: ['read', 'write', 'prescribe'] },
    });
    expect(await two.authenticateUser(login.accessToken)).toMatchObject({
      kind: 'user',
      id,
      role: 'provider',
      email,
    });
    house.pass(3600_000);
    expect(await problemOf(two.authenticateUser(login.accessToken))).toMatchObject({ status: 401 });
  });

  it('refuses a wrong password, an unknown e-mail and a disabled user with one and the same answer', async () => {
    const user = await newUser();
    const disabled = await newUser();
    await one.users.disable(disabled.email);
    const refusals = await Promise.all([
      problemOf(one.sessions.login({ email: user.email, password: 'wrong', address })),
      problemOf(one.sessions.login({ email: 'nobody@example.org', password: 'wrong', address })),
      problemOf(one.sessions.login({ email: disabled.email, password: disabled.password, address })),
    ]);
    expect(refusals[0]).toMatchObject(WRONG);
    expect(refusals[1]).toEqual(refusals[0]);
    expect(refusals[2]).toEqual(refusals[0]);
  });

  it('takes one code of the second factor once, one step either side', async () => {
    const { email, password, totpSecret } = await newUser({ mfa: true });
    const login = (mfaCode?: string) =>
      one.sessions.login({ email, password, address, ...(mfaCode !== undefined && { mfaCode }) });
    expect(await problemOf(login())).toMatchObject({ status: 401, vendorCode: 'MFA_REQUIRED' });
    const codes = [0, -1, 1].map((step) => codeAt(totpSecret, step));
    for (const code of codes) await login(code);
    for (const code of codes.slice(0, 2)) expect(await problemOf(login(code))).toMatchObject(WRONG);
    expect(await problemOf(login(codeAt(totpSecret, 3)))).toMatchObject(WRONG);
    expect(await problemOf(login('abcdef'))).toMatchObject(WRONG);
  });

  it('lets one of four parallel logins use a code', async () => {
    const { email, password, totpSecret } = await newUser({ mfa: true });
    const mfaCode = codeAt(totpSecret);
    const tries = await Promise.allSettled(
      Array.from({ length: 4 }, (_, i) =>
        (i % 2 === 0 ? one : two).sessions.login({ email, password, mfaCode, address }),
      ),
    );
    expect(tries.filter((each) => each.status === 'fulfilled')).toHaveLength(1);
  });
});

describe('lockout', () => {
  const guess = (identity: Identity, email: string, from = address) =>
    problemOf(identity.sessions.login({ email, password: 'wrong', address: from }));
  const after = (seconds: number) => ({ status: 429, headers: { 'Retry-After': String(seconds) } });

  it.each(['known', 'unknown'])(
    'of a %s e-mail: after five failures 429, doubling to a minute',
    async (kind) => {
      const email = kind === 'known' ? (await newUser()).email : 'stranger@example.org';
      for (let i = 0; i < 5; i += 1) expect(await guess(i % 2 ? one : two, email)).toMatchObject(WRONG);
      for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
        expect(await guess(one, email)).toMatchObject(after(seconds));
        expect(await guess(two, email)).toMatchObject(after(seconds));
        house.pass(seconds * 1000);
        expect(await guess(two, email)).toMatchObject(WRONG);
      }
      house.pass(15 * 60_000);
      for (let i = 0; i < 5; i += 1) expect(await guess(one, email)).toMatchObject(WRONG);
      expect(await guess(one, email)).toMatchObject(after(1));
    },
  );

  it('lets no more than five of forty parallel guesses in two processes be tried', async () => {
    const { email } = await newUser();
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => guess(i % 2 ? one : two, email)));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(35);
  });

  it('counts wrong codes, forgets what was counted when the right ones come, and harms no open session', async () => {
    const { email, password, totpSecret } = await newUser({ mfa: true });
    const open = await one.sessions.login({ email, password, mfaCode: codeAt(totpSecret), address });
    for (let i = 0; i < 5; i += 1) {
      expect(
        await problemOf(one.sessions.login({ email, password, mfaCode: '000000', address })),
      ).toMatchObject(WRONG);
    }
    expect(await problemOf(one.sessions.login({ email, password, address }))).toMatchObject(after(1));
    await one.authenticateUser(open.accessToken);
    house.pass(1000);
    await one.sessions.login({ email, password, mfaCode: codeAt(totpSecret, 1), address });
    expect(await guess(one, email)).toMatchObject(WRONG);
  });

  it('by a stranger does not keep the owner out of where the owner signs in from', async () => {
    const { email, password } = await newUser();
    await one.sessions.login({ email, password, address });
    for (let i = 0; i < 5; i += 1) await guess(one, email, '203.0.113.9');
    expect(await guess(one, email, '203.0.113.9')).toMatchObject({ status: 429 });
    await two.sessions.login({ email, password, address });
  });

  it('does not meet twenty parallel logins with the right password', async () => {
    const { email, password } = await newUser();
    const logins = Array.from({ length: 20 }, () => one.sessions.login({ email, password, address }));
    expect(await Promise.all(logins)).toHaveLength(20);
  });
});

describe('sessions', () => {
  const start = async (): Promise<Login> => {
    const { email, password } = await newUser();
    return one.sessions.login({ email, password, address });
  };

  it('keep a documented client alive that ignores the new refresh token', async () => {
    const login = await start();
    for (let i = 0; i < 3; i += 1) {
      const { accessToken, expiresIn } = await two.sessions.refresh(login.refreshToken);
      expect(expiresIn).toBe(3600);
      await one.authenticateUser(accessToken);
    }
  });

  it('end as a whole when a refresh token comes after its successor was used', async () => {
    const login = await start();
    const next = await one.sessions.refresh(login.refreshToken);
    const third = await two.sessions.refresh(next.refreshToken);
    expect(await problemOf(one.sessions.refresh(login.refreshToken))).toMatchObject({ status: 401 });
    for (const token of [login, next, third].map((each) => each.accessToken)) {
      expect(await problemOf(two.authenticateUser(token))).toMatchObject({ status: 401 });
    }
    expect(await problemOf(two.sessions.refresh(third.refreshToken))).toMatchObject({ status: 401 });
  });

  it('obey the rule of families in any order of uses', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 12 }), async (uses) => {
        const tokens = [(await start()).refreshToken];
        let used = 0;
        let over = false;
        for (const use of uses) {
          const index = use % tokens.length;
          const answer = await (use % 2 ? one : two).sessions
            .refresh(tokens[index] ?? '')
            .catch(() => undefined);
          over ||= index < used;
          expect(answer === undefined).toBe(over);
          if (answer === undefined) continue;
          used = index;
          tokens[index + 1] = answer.refreshToken;
        }
      }),
      { numRuns: 20 },
    );
  });

  it('survive two uses of one successor at the same moment', async () => {
    const login = await start();
    const next = await one.sessions.refresh(login.refreshToken);
    const answers = await Promise.all(
      [one, two, one, two].map((each) => each.sessions.refresh(next.refreshToken)),
    );
    expect(new Set(answers.map((each) => each.refreshToken)).size).toBe(1);
  });

  it('end in every process at logout, and when the user is disabled', async () => {
    const first = await start();
    await two.authenticateUser(first.accessToken);
    await one.sessions.logout(first.accessToken);
    expect(await problemOf(two.authenticateUser(first.accessToken))).toMatchObject({ status: 401 });
    expect(await problemOf(two.sessions.refresh(first.refreshToken))).toMatchObject({ status: 401 });
    const second = await start();
    await two.users.disable(second.user.id);
    expect(await problemOf(one.authenticateUser(second.accessToken))).toMatchObject({ status: 401 });
  });

  it('are none of those begun with a password that was changed meanwhile', async () => {
    const { email, password } = await newUser();
    const renewed = sleep(30).then(() => two.users.renew(email));
    const begun = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        sleep(4 * i).then(() => one.sessions.login({ email, password, address })),
      ),
    );
    await renewed;
    for (const login of begun)
      if (login.status === 'fulfilled')
        expect(await problemOf(one.authenticateUser(login.value.accessToken))).toMatchObject({ status: 401 });
  });

  it('have refresh tokens that nobody can make', async () => {
    const { refreshToken, accessToken } = await start();
    const [id, , mac] = refreshToken.split('.');
    for (const forged of [`${id}.2.${mac}`, `${id}.1.`, refreshToken.slice(0, -2), accessToken, '', '..']) {
      expect(await problemOf(one.sessions.refresh(forged))).toMatchObject({ status: 401 });
    }
    expect(await problemOf(one.authenticateUser(refreshToken))).toMatchObject({ status: 401 });
    await one.sessions.refresh(refreshToken);
  });
});

describe('access tokens', () => {
  it('are ES256, verifiable by the published keys, and by the old one after a rotation', async () => {
    const { email, password } = await newUser();
    const before = await one.sessions.login({ email, password, address });
    await two.tokens.rotate();
    house.pass(61_000);
    const after = await one.sessions.login({ email, password, address });
    const kids = [before, after].map((each) => jwt.decode(each.accessToken, { complete: true })?.header.kid);
    expect(new Set(kids).size).toBe(2);
    const { keys } = await one.tokens.jwks();
    expect(JSON.stringify(keys)).not.toContain('"d":');
    for (const { accessToken } of [before, after]) {
      const { kid } = jwt.decode(accessToken, { complete: true })?.header ?? {};
      const jwk = (keys as { kid: string }[]).find((each) => each.kid === kid);
      const publicKey = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
      const now = { clockTimestamp: house.now().getTime() / 1000 };
      expect(jwt.verify(accessToken, publicKey, { algorithms: ['ES256'], ...now })).toMatchObject({
        iss: PUBLIC_URL,
      });
      await two.authenticateUser(accessToken);
    }
  });

  it('that are altered, unsigned, signed with the public key or by somebody else are refused', async () => {
    const { email, password } = await newUser();
    const { accessToken } = await one.sessions.login({ email, password, address });
    const [header = '', payload = '', signature = ''] = accessToken.split('.');
    const claims = jwt.decode(accessToken) as object;
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const [jwk] = (await one.tokens.jwks()).keys;
    const forged = [
      `${header}.${encode({ ...claims, sub: 'usr_other' })}.${signature}`,
      `${encode({ alg: 'none', kid })}.${payload}.`,
      jwt.sign(claims, JSON.stringify(jwk), { algorithm: 'HS256', keyid: kid }),
      `${header}.bm90IGpzb24.${signature}`,
      'not a token',
      '',
    ];
    for (const each of forged)
      expect(await problemOf(two.authenticateUser(each))).toMatchObject({ status: 401 });
  });
});

describe('users', () => {
  it('are unique by e-mail, checked, and listed without secrets', async () => {
    const { email, password } = await newUser({ mfa: true });
    const again = { email: email.toLowerCase(), name: 'Again', role: 'staff' };
    expect(await problemOf(two.users.create(again))).toMatchObject({ status: 409 });
    expect(await problemOf(one.users.create({ ...again, email: 'no-at' }))).toMatchObject({ status: 422 });
    expect(await problemOf(one.users.create({ ...again, email: 'a@b', role: 'boss' }))).toMatchObject({
      status: 422,
    });
    expect(await problemOf(one.users.create({ ...again, email: 'a@b', password: 'short' }))).toMatchObject({
      status: 422,
    });
    const list = await one.users.list();
    expect(list.find((each) => each.email === email)).toMatchObject({ mfa: true, status: 'active' });
    expect(JSON.stringify(list)).not.toMatch(new RegExp(`scrypt|${password}`));
  });

  it('have the rights of their role', async () => {
    const rights = ['read', 'write', 'prescribe', 'fulfil'] as const;
    const table: Record<string, string[]> = {};
    for (const role of ROLES.filter((each) => each !== 'practice-admin')) {
      const { email, password } = await newUser({ role });
      const { principal } = await one.sessions.login({ email, password, address });
      table[role] = rights.filter((right) => holds(principal, right));
    }
    expect(table).toEqual({
      admin: ['read', 'write', 'fulfil'],
      provider: ['read', 'write', 'prescribe', 'fulfil'],
      staff: ['read', 'write', 'fulfil'],
      pharmacy: ['read', 'fulfil'],
      'read-only': ['read'],
      operator: [],
      compliance: [],
    });
  });

  it("reach of FHIR what their role is for; the audit trail is the compliance officers'", async () => {
    const reach: Record<string, string[]> = {};
    for (const role of ['provider', 'read-only', 'operator', 'compliance']) {
      const { email, password } = await newUser({ role });
      const { principal } = await one.sessions.login({ email, password, address });
      const asked = [
        ['Patient', 'r'],
        ['Patient', 'u'],
        ['AuditEvent', 's'],
        ['AuditEvent', 'u'],
      ] as const;
      reach[role] = asked.flatMap(([type, letter]) =>
        one.access.allows(principal, type, letter) ? `${type}.${letter}` : [],
      );
    }
    expect(reach).toEqual({
      provider: ['Patient.r', 'Patient.u'],
      'read-only': ['Patient.r'],
      operator: ['Patient.r'],
      compliance: ['AuditEvent.s'],
    });
  });
});

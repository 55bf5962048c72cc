import { Command } from 'commander';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditDraft } from '../../src/audit/draft';
import { registerIdentityCommands } from '../../src/commands/identity';
import type { Identity } from '../../src/identity';
import { memoryStore } from './memory-store';
import { type Deployment, deployment, problemOf } from './support';

let house: Deployment;
let identity: Identity;
const recorded: AuditDraft[] = [];
let closed = 0;

beforeAll(async () => {
  house = await deployment();
  identity = await house.start();
});
afterAll(() => house.close());

/** What a command writes. */
async function run(...args: string[]): Promise<string> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  const trail = {
    record: (draft: AuditDraft) => {
      recorded.push(draft);
      return Promise.resolve();
    },
  };
  const close = () => Promise.resolve(void (closed += 1));
  registerIdentityCommands(program, () => Promise.resolve({ identity, store: memoryStore(), trail, close }));
  let written = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return written;
}

async function json(...args: string[]): Promise<unknown> {
  return JSON.parse(await run(...args, '--json'));
}

const SONORA = 'Sonora Behavioral Health';

it('prints the shapes that the decisions name', async () => {
  const practice = (await json('practice', 'create', '--name', SONORA)) as { id: string };
  expect(practice).toEqual({ id: expect.any(String), name: SONORA });
  expect(await json('practice', 'list')).toEqual([practice]);

  const keyArgs = ['--plan', 'Free', '--scopes', 'referrals:read,providers:read', '--expires', '2999-12-31'];
  const key = (await json('key', 'create', '--practice', practice.id, ...keyArgs)) as {
    id: string;
    apiKey: string;
  };
  expect(key).toEqual({
    id: expect.any(String),
    apiKey: expect.stringMatching(/^hrx_/),
    practice: SONORA,
    plan: 'Free',
    scopes: ['referrals:read', 'providers:read'],
  });
  const list = await json('key', 'list', '--practice', SONORA.toLowerCase());
  expect(list).toEqual([
    expect.objectContaining({ id: key.id, status: 'active', expiresAt: '3000-01-01T00:00:00.000Z' }),
  ]);
  expect(JSON.stringify(list)).not.toContain('hrx_');
  const rotated = (await json('key', 'rotate', key.id, '--overlap', '0s')) as { id: string; apiKey: string };
  expect(rotated).toEqual({ id: expect.not.stringMatching(key.id), apiKey: expect.stringMatching(/^hrx_/) });
  expect(await problemOf(identity.authenticateKey(key.apiKey))).toMatchObject({ status: 401 });
  expect(await json('key', 'revoke', rotated.id)).toMatchObject({ id: rotated.id, status: 'revoked' });

  const userArgs = ['--email', 'a@example.org', '--name', 'A', '--role', 'staff', '--practice', SONORA];
  const user = (await json('user', 'create', ...userArgs, '--password', 'SecurePass123!', '--mfa')) as {
    id: string;
  };
  expect(user).toEqual({
    id: expect.any(String),
    email: 'a@example.org',
    password: 'SecurePass123!',
    totpSecret: expect.stringMatching(/^[A-Z2-7]{32}$/),
  });
  expect(await json('user', 'disable', 'a@example.org')).toMatchObject({ id: user.id, status: 'disabled' });
  expect(await json('user', 'enable', 'a@example.org')).toMatchObject({ id: user.id, status: 'active' });
  expect(await json('user', 'unlock', user.id)).toMatchObject({ status: 'active' });
  expect(await json('user', 'renew', user.id)).toEqual({
    ...user,
    password: expect.not.stringMatching('SecurePass123!'),
    totpSecret: expect.any(String),
  });
  expect(await json('user', 'list')).toEqual([
    expect.objectContaining({ id: user.id, practice: SONORA, mfa: true }),
  ]);

  const client = (await json('client', 'create', '--name', 'EHR', '--scope', 'system/*.*')) as {
    clientId: string;
  };
  expect(client).toEqual({ clientId: expect.any(String), clientSecret: expect.any(String) });
  expect(await json('client', 'list')).toEqual([
    expect.objectContaining({ clientId: client.clientId, practice: null }),
  ]);
});

it('reads a client’s key set from a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'crosswalk-jwks-'));
  const file = join(folder, 'jwks.json');
  const make = () => json('client', 'create', '--name', 'EHR', '--scope', 'system/*.rs', '--jwks', file);
  expect(await problemOf(make())).toMatchObject({ status: 422 });
  await writeFile(file, 'no json');
  expect(await problemOf(make())).toMatchObject({ status: 422 });
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  };
  await writeFile(file, JSON.stringify({ keys: [jwk] }));
  expect(await make()).toEqual({ clientId: expect.any(String) });
  await rm(folder, { recursive: true });
});

it('records every change, the refused ones too, without a secret', async () => {
  recorded.length = 0;
  const { apiKey } = (await json(
    'key',
    'create',
    '--practice',
    SONORA,
    '--plan',
    'Pro',
    '--scopes',
    'referrals:read',
  )) as {
    apiKey: string;
  };
  const gold = json('key', 'create', '--practice', SONORA, '--plan', 'Gold', '--scopes', 'referrals:read');
  expect(await problemOf(gold)).toMatchObject({ status: 422 });
  expect(recorded.map(({ interaction, action, outcome }) => ({ interaction, action, outcome }))).toEqual([
    { interaction: 'security', action: 'C', outcome: '0' },
    { interaction: 'security', action: 'C', outcome: '4' },
  ]);
  expect(JSON.stringify(recorded)).not.toContain(apiKey);
});

it('refuses what it cannot read, and closes the house whatever happens', async () => {
  const before = closed;
  const create = ['key', 'create', '--practice', SONORA, '--plan', 'Pro', '--scopes', 'referrals:read'];
  for (const args of [
    ['key', 'rotate', 'key_x', '--overlap', 'soon'],
    [...create, '--expires', 'never'],
    [...create, '--expires', '2999-02-30'],
    [...create, '--expires', '2999-02-30T12:00:00Z'],
  ]) {
    expect(await problemOf(run(...args))).toMatchObject({ status: 422 });
  }
  expect(await problemOf(run('key', 'revoke', 'key_x'))).toMatchObject({ status: 404 });
  expect(await problemOf(run('user', 'disable', 'nobody'))).toMatchObject({ status: 404 });
  expect(closed).toBe(before + 2);
});

it('shows tables to people', async () => {
  const table = await run('practice', 'list');
  expect(table.split('\n')[0]).toMatch(/^id +name$/);
  expect(table).toContain(SONORA);
  expect(await run('practice', 'create', '--name', SONORA)).toMatch(
    /^id +\S+\nname +Sonora Behavioral Health\n$/,
  );
});

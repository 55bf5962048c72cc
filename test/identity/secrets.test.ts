import fc from 'fast-check';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MasterKeyError, sameSecret } from '../../src/identity';
import { type Deployment, deployment } from './support';

let house: Deployment;

beforeAll(async () => {
  house = await deployment();
});
afterAll(() => house.close());

async function folder<T>(work: (dataDir: string) => Promise<T>): Promise<T> {
  const dataDir = await mkdtemp(join(tmpdir(), 'crosswalk-keys-'));
  try {
    return await work(dataDir);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

describe('the master key', () => {
  it('is one for processes that start together, readable by its owner only', async () => {
    await folder(async (dataDir) => {
      const own = await deployment();
      const started = await Promise.all(Array.from({ length: 4 }, () => own.start({ dataDir })));
      expect(new Set(started.map((each) => each.sealing.fingerprint)).size).toBe(1);
      expect((await stat(join(dataDir, 'master.key'))).mode & 0o777).toBe(0o600);
      await own.close();
    });
  });

  it('of another deployment does not open this one: the start is refused in one line', async () => {
    await house.start();
    await folder(async (dataDir) => {
      const failure = house.start({ dataDir });
      await expect(failure).rejects.toThrow(MasterKeyError);
      await expect(failure).rejects.toThrow(/^This database was sealed with another master key: .+$/);
    });
  });

  it('that is none is refused by name', async () => {
    await expect(house.start({ masterKey: 'c2hvcnQ=' })).rejects.toThrow(
      /^CROSSWALK_MASTER_KEY must be base64/,
    );
    await folder(async (dataDir) => {
      await writeFile(join(dataDir, 'master.key'), 'nonsense');
      await expect(house.start({ dataDir })).rejects.toThrow(MasterKeyError);
      await writeFile(join(dataDir, 'file'), '');
      await expect(house.start({ dataDir: join(dataDir, 'file') })).rejects.toThrow(/cannot be used/);
    });
  });
});

describe('sealed texts', () => {
  it('open as they were sealed, for their purpose only, and not when any byte was changed', async () => {
    const { sealing } = await house.start();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.nat(), (plain, purpose, at) => {
        const sealed = sealing.seal(plain, purpose);
        expect(sealing.unseal(sealed, purpose)).toBe(plain);
        expect(sealing.seal(plain, purpose)).not.toBe(sealed);
        expect(() => sealing.unseal(sealed, `${purpose}!`)).toThrow();
        const bytes = Buffer.from(sealed.slice(3), 'base64url');
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ 1;
        expect(() => sealing.unseal(`s1.${bytes.toString('base64url')}`, purpose)).toThrow();
      }),
    );
    expect(() => sealing.unseal('plain', 'any')).toThrow();
  });
});

it('compares secrets of any lengths', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => sameSecret(a, b) === (a === b) && sameSecret(a, a)),
  );
});

describe('the address list', () => {
  it('knows IPv4, IPv6 and IPv4 in IPv6 form', async () => {
    const { allowsAddress } = await house.start({ allowedCidrs: ['192.0.2.0/24', '2001:db8::/32'] });
    const inside = ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8::1'];
    const outside = ['192.0.3.7', '::ffff:192.0.3.7', '2001:db9::1', '::1', 'unknown', ''];
    expect(inside.map(allowsAddress)).toEqual(inside.map(() => true));
    expect(outside.map(allowsAddress)).toEqual(outside.map(() => false));
  });

  it('that is empty lets everybody in', async () => {
    expect((await house.start()).allowsAddress('203.0.113.1')).toBe(true);
  });
});

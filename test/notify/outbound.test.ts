import fc from 'fast-check';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { GIVE_UP_AFTER, retryAfterMs, waitAfter } from '../../src/notify/delivery/schedule';
import { acceptUrl, addressPolicy, createOutbound } from '../../src/outbound';

/** What outgoing calls may reach, how much they take, and how long they are tried. */
const servers: { close(): void }[] = [];
afterAll(() => servers.forEach((server) => server.close()));

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

describe('addresses', () => {
  it('are checked after DNS, when the connection is made: a name that leads to a private one is not connected to', async () => {
    let connections = 0;
    const port = await listening(
      createTcpServer((socket) => {
        connections += 1;
        socket.destroy();
      }),
    );
    for (const allowed of [[], ['10.0.0.0/8']]) {
      const outbound = createOutbound(addressPolicy(allowed));
      for (const scheme of ['https', 'http']) {
        await expect(
          outbound.call({ method: 'POST', url: `${scheme}://localhost:${port}/` }),
        ).rejects.toThrow('no address that may be called');
      }
      await outbound.close();
    }
    expect(connections).toBe(0);
  });

  it.each([
    ['127.0.0.1', false],
    ['10.1.2.3', false],
    ['169.254.169.254', false],
    ['100.64.0.1', false],
    ['0.0.0.0', false],
    ['224.0.0.1', false],
    ['::1', false],
    ['::', false],
    ['fe80::1', false],
    ['fc00::1', false],
    ['::ffff:127.0.0.1', false],
    ['::127.0.0.1', false],
    ['64:ff9b::7f00:1', false],
    ['93.184.216.34', true],
    ['2606:2800:220:1::1', true],
  ])('%s may be called over TLS: %s; in the clear never', (address, isAllowed) => {
    const policy = addressPolicy([]);
    expect([policy.allows(address, true), policy.allows(address, false)]).toEqual([isAllowed, false]);
  });

  it('must be those of an http URL without a password in it', () => {
    const policy = addressPolicy(['127.0.0.0/8']);
    expect(acceptUrl('http://127.0.0.1:1/x', policy, 'url').port).toBe('1');
    for (const url of [
      'ftp://example.org',
      'https://a:b@example.org',
      'http://0x7f.1',
      'nonsense',
      'http://2130706433',
    ]) {
      if (url === 'http://0x7f.1' || url === 'http://2130706433')
        expect(acceptUrl(url, policy, 'url').hostname).toBe('127.0.0.1');
      else expect(() => acceptUrl(url, policy, 'url')).toThrow('url must');
    }
  });
});

it('takes the first bytes of an answer, and waits no longer than it was told', async () => {
  const endless = createServer((req, res) => {
    if (req.url === '/silent') return;
    res.writeHead(500);
    const more = (): void => void (res.destroyed || res.write('x'.repeat(65_536), more));
    more();
  });
  const url = `http://127.0.0.1:${await listening(endless)}`;
  const outbound = createOutbound(addressPolicy(['127.0.0.0/8']));
  const { status, body } = await outbound.call({ method: 'POST', url, answerBytes: 256 });
  expect([status, body]).toEqual([500, 'x'.repeat(256)]);
  await expect(outbound.call({ method: 'POST', url: `${url}/silent`, timeout: 200 })).rejects.toThrow();
  await outbound.close();
  endless.closeAllConnections();
});

describe('the schedule of attempts', () => {
  const now = new Date('2026-11-22T00:00:00Z');

  it('tries five times in the first minute, never waits longer than an hour or so, and goes on for three days at least', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
          minLength: 200,
          maxLength: 200,
        }),
        (draws) => {
          const waits = draws.map((draw, i) => waitAfter(i + 1, undefined, now, () => draw));
          const times = waits.map((_, i) => waits.slice(0, i + 1).reduce((sum, wait) => sum + wait, 0));
          expect(waits[0]).toBeLessThan(2_000);
          expect(times[4]).toBeLessThan(60_000);
          expect(Math.max(...waits)).toBeLessThanOrEqual(1.1 * 3_600_000);
          // Growing, but for the jitter.
          waits.slice(1).forEach((wait, i) => expect(wait).toBeGreaterThan((waits[i] ?? 0) * 0.8));
          expect(times.filter((time) => time < 72 * 3_600_000).length).toBeGreaterThan(60);
        },
      ),
    );
    expect(GIVE_UP_AFTER).toBeGreaterThanOrEqual(72 * 3_600_000);
  });

  it('waits as Retry-After asks, in seconds or until a date, a day at most and never shorter than planned', () => {
    expect(retryAfterMs('120', now)).toBe(120_000);
    expect(retryAfterMs('Sun, 22 Nov 2026 00:05:00 GMT', now)).toBe(300_000);
    expect(retryAfterMs('Sun, 22 Nov 2020 00:05:00 GMT', now)).toBe(0);
    expect(retryAfterMs('99999999', now)).toBe(24 * 3_600_000);
    expect(retryAfterMs('soon', now)).toBe(0);
    expect(waitAfter(1, '90', now)).toBe(90_000);
    expect(waitAfter(20, '90', now)).toBeGreaterThan(3_000_000);
  });
});

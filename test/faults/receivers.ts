import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call that was answered with 2xx. */
export interface Taken {
  path: string;
  body: string;
}

/** Receivers on one port: below `/steady` they answer, below `/flaky` they fail, hang, dawdle or cut while in trouble. */
export interface Receivers {
  url: string;
  /** What was taken, in order, by first segments of the path: `/flaky/a`. */
  taken(prefix: string): Taken[];
  /** Whether those below `/flaky` misbehave from now on; at first they do not, so that handshakes succeed. */
  trouble(isOn: boolean): void;
  /** How many calls failed on purpose. */
  refused(): number;
  close(): void;
}

export async function openReceivers(): Promise<Receivers> {
  const all: Taken[] = [];
  let isHealed = true;
  let refused = 0;
  const server: Server = createServer((req, res) => {
    let body = '';
    req.on('data', (chunk: Buffer) => (body += chunk.toString()));
    req.on('end', () => {
      const path = req.url ?? '';
      const take = (): void => {
        all.push({ path, body });
        res.writeHead(200).end();
      };
      if (isHealed || !path.startsWith('/flaky') || Math.random() < 0.5) return take();
      refused += 1;
      misbehave(res, take);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: (prefix) => all.filter(({ path }) => path.startsWith(prefix)),
    trouble: (isOn) => (isHealed = !isOn),
    refused: () => refused,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function misbehave(res: ServerResponse, take: () => void): void {
  const kind = Math.random();
  if (kind < 0.4) res.writeHead(500).end('no');
  else if (kind < 0.6) res.destroy();
  else if (kind < 0.7) res.writeHead(429, { 'Retry-After': '1' }).end();
  else if (kind < 0.75) setTimeout(() => res.destroy(), 15_000).unref();
  else setTimeout(take, 500);
}

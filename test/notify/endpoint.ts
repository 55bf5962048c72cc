import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One call as an endpoint received it. */
export interface Received {
  method: string;
  path: string;
  body: string;
  headers: IncomingMessage['headers'];
}

/** What an endpoint answers: a status, alone or with headers and a body; or nothing at all. */
export type Answer =
  number | 'hang' | { status: number; headers?: Record<string, string>; body?: string; afterMs?: number };

/** An endpoint of an integrator; `answer` decides about each call, counted from 1. */
export class Endpoint {
  readonly received: Received[] = [];
  /** Every call, answered with 2xx or not. */
  readonly calls: Received[] = [];
  /** Most calls that were under way at once. */
  together = 0;
  private underWay = 0;
  private server: Server | undefined;
  url = '';

  constructor(readonly answer: (count: number) => Answer = () => 200) {}

  async open(): Promise<this> {
    this.server = createServer((req, res) => {
      let body = '';
      req.on('data', (chunk: Buffer) => (body += chunk.toString()));
      req.on('end', () => {
        const call = { method: req.method ?? '', path: req.url ?? '', body, headers: req.headers };
        this.calls.push(call);
        const answer = this.answer(this.calls.length);
        if (answer === 'hang') return;
        const {
          status,
          headers,
          body: text,
          afterMs = 0,
        } = typeof answer === 'number' ? { status: answer } : answer;
        this.together = Math.max(this.together, ++this.underWay);
        setTimeout(() => {
          this.underWay -= 1;
          if (status < 300) this.received.push(call);
          res.writeHead(status, headers).end(text);
        }, afterMs);
      });
    });
    await new Promise<void>((done) => this.server?.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
    return this;
  }

  close(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}

/** Waits until it holds; fails the test when it never does. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 25) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error('What the test waited for did not come.');
}

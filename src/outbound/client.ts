import { lookup as resolveAll, type LookupAddress } from 'node:dns';
import { Agent, request } from 'undici';
import type { Attributes } from '../telemetry';
import { acceptUrl, type AddressPolicy } from './policy';

export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** The beginning of the body, at most `answerBytes`. */
  body: string;
  milliseconds: number;
}

export interface Call {
  method: 'GET' | 'POST' | 'PUT';
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** Milliseconds for the whole call; default 10,000. */
  timeout?: number;
  /** Most bytes of the answer that are read; default 4,096. */
  answerBytes?: number;
  /** How the call is told in traces, and the spans that caused it; without it the call is no span and carries none. */
  span?: { name: string; causes: readonly string[]; attributes: Attributes };
}

/** Calls out of the house: addresses checked at connect time, no redirects followed, waits and sizes bounded. */
export interface Outbound {
  policy: AddressPolicy;
  /** Rejects when no answer came (refused address, connection, TLS, timeout). */
  call(call: Call): Promise<Answer>;
  close(): Promise<void>;
}

const TIMEOUT = 10_000;
const ANSWER_BYTES = 4_096;

/** Creates the one client for outgoing calls; it keeps a pool of connections for each origin. */
export function createOutbound(policy: AddressPolicy): Outbound {
  const agents = { 'https:': agentFor(policy, true), 'http:': agentFor(policy, false) };
  return {
    policy,
    call: (call) => callOut(agents, policy, call),
    close: async () => {
      await Promise.all(Object.values(agents).map((agent) => agent.destroy()));
    },
  };
}

type Agents = Record<'https:' | 'http:', Agent>;

function agentFor(policy: AddressPolicy, secure: boolean): Agent {
  return new Agent({
    connect: { timeout: 5_000, lookup: guardedLookup(policy, secure) },
    keepAliveTimeout: 10_000,
    maxResponseSize: -1,
  });
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** DNS whose answers are checked before the connection is made: a name cannot be moved to a private address in between. */
function guardedLookup(policy: AddressPolicy, secure: boolean) {
  return (
    hostname: string,
    options: { all?: boolean; family?: number | string },
    callback: LookupCallback,
  ): void => {
    resolveAll(
      hostname,
      { all: true, family: options.family === 6 ? 6 : options.family === 4 ? 4 : 0 },
      (error, found) => {
        if (error !== null) return callback(error, []);
        const allowed = found.filter(({ address }) => policy.allows(address, secure));
        const [first] = allowed;
        if (first === undefined)
          return callback(new Error('The name leads to no address that may be called.'), []);
        return options.all === true ? callback(null, allowed) : callback(null, first.address, first.family);
      },
    );
  };
}

async function callOut(agents: Agents, policy: AddressPolicy, call: Call): Promise<Answer> {
  const url = acceptUrl(call.url, policy, 'url');
  const started = performance.now();
  const timeout = call.timeout ?? TIMEOUT;
  const { statusCode, headers, body } = await request(url, {
    dispatcher: agents[url.protocol as 'https:' | 'http:'],
    method: call.method,
    headers: call.headers ?? {},
    ...(call.body !== undefined && { body: call.body }),
    signal: AbortSignal.timeout(timeout),
    headersTimeout: timeout,
    bodyTimeout: timeout,
  });
  const text = await firstBytes(body, call.answerBytes ?? ANSWER_BYTES);
  return {
    status: statusCode,
    headers: flat(headers),
    body: text,
    milliseconds: Math.round(performance.now() - started),
  };
}

async function firstBytes(
  body: AsyncIterable<Buffer> & { destroy(): unknown },
  most: number,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= most) break; // leaving the loop ends the stream
  }
  return Buffer.concat(chunks).subarray(0, most).toString('utf8');
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

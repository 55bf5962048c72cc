import { Readable } from 'node:stream';
import { compressed, WORTH_BYTES } from './compress';
import type { Exchange, Reply } from './exchange';

/**
 * Writes the answer. Objects become JSON; streams are piped and end the connection when they fail half-way. Large texts
 * are compressed; streams are not: who reads them wants what is there.
 */
export function send(x: Exchange, reply: Reply): void {
  const { res } = x;
  if (res.headersSent || res.destroyed) return;
  res.status(reply.status);
  res.setHeader('X-Request-Id', x.requestId);
  res.setHeader('X-Content-Type-Options', 'nosniff');
  // Records are nobody else's to keep; a client may, when it asks each time whether they are still true.
  res.setHeader('Cache-Control', 'private, no-cache');
  setAll(x, x.headers);
  if (reply.headers !== undefined) setAll(x, reply.headers);
  const { body } = reply;
  if (body === undefined) {
    res.end();
  } else if (body instanceof Readable) {
    body.on('error', () => res.destroy());
    res.on('close', () => body.destroy());
    body.pipe(res);
  } else if (typeof body === 'string' || Buffer.isBuffer(body)) {
    sendWhole(x, body);
  } else {
    if (res.getHeader('Content-Type') === undefined)
      res.setHeader('Content-Type', 'application/json; charset=utf-8');
    sendWhole(x, JSON.stringify(body));
  }
}

function sendWhole({ req, res }: Exchange, body: string | Buffer): void {
  if (body.length >= WORTH_BYTES && mayCompress(res)) compressed(req, res, () => res.send(body));
  else res.send(body);
}

/** What is compressed already is not again; answers with secrets (`no-store`) never are: lengths tell (BREACH). */
function mayCompress(res: Exchange['res']): boolean {
  const isSecret = String(res.getHeader('Cache-Control')).includes('no-store');
  return !isSecret && res.getHeader('Content-Encoding') === undefined;
}

function setAll(x: Exchange, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) {
    // Who allows other origins has said already that answers vary by them.
    if (name === 'Vary') x.res.vary(value);
    else x.res.setHeader(name, value);
  }
}

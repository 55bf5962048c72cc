import type { Socket } from 'node:net';
import type { Request } from './message';
import { HEADER_BYTES, MAX_MESSAGE_BYTES, encodeReply, parseMessage } from './message';

/** Answers one command with a BSON document. It never throws: failures are documents too. */
export type Answer = (request: Request, connection: Connection) => Promise<Buffer> | Buffer;

/** What a command may know of the connection it came by. */
export interface Connection {
  readonly id: number;
  /** host:port, or the socket's path, as the client reaches us. */
  readonly address: string;
  /** How many connections the server has. */
  count(): number;
}

/** No more is read from a client that has so many requests or so many reply bytes outstanding. */
const MOST_PENDING = 64;
const MOST_UNSENT_BYTES = 64 << 20;

/** Speaks the wire protocol on one socket: cuts frames, answers them in order, ends the connection on garbage. */
export function serveConnection(socket: Socket, connection: Connection, answer: Answer): void {
  let received: Buffer[] = [];
  let bytes = 0;
  let pending = 0;
  let replies: Promise<void> = Promise.resolve();
  let broken = false;

  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => {
    if (broken) return;
    received.push(chunk);
    bytes += chunk.length;
    try {
      takeFrames();
    } catch {
      broken = true;
      received = [];
      socket.destroy();
    }
  });
  socket.on('drain', resume);
  socket.on('error', () => socket.destroy());

  function takeFrames(): void {
    while (bytes >= HEADER_BYTES) {
      const length = peekLength();
      if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES) throw new RangeError('frame length');
      if (bytes < length) return;
      const all = received.length === 1 ? (received[0] as Buffer) : Buffer.concat(received, bytes);
      const frame = all.subarray(0, length);
      bytes -= length;
      received = bytes > 0 ? [all.subarray(length)] : [];
      handle(parseMessage(frame));
    }
  }

  function peekLength(): number {
    const first = received[0] as Buffer;
    if (first.length >= 4) return first.readInt32LE(0);
    received = [Buffer.concat(received, bytes)];
    return (received[0] as Buffer).readInt32LE(0);
  }

  function handle(request: Request): void {
    const answered = answer(request, connection);
    if (pending === 0 && Buffer.isBuffer(answered)) {
      send(request, answered);
      return;
    }
    if (++pending >= MOST_PENDING) socket.pause();
    replies = replies.then(async () => {
      const document = await answered;
      send(request, document);
      pending--;
      resume();
    });
  }

  function send(request: Request, document: Buffer): void {
    if (request.silent || socket.destroyed) return;
    socket.write(encodeReply(request, document));
    if (socket.writableLength > MOST_UNSENT_BYTES) socket.pause();
  }

  function resume(): void {
    if (socket.isPaused() && pending < MOST_PENDING && socket.writableLength <= MOST_UNSENT_BYTES)
      socket.resume();
  }
}

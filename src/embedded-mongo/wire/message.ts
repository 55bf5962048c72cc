import { documentEnd, BsonFormatError } from './raw';

/** https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/ */
const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_COMPRESSED = 2012;
const OP_MSG = 2013;

export const HEADER_BYTES = 16;
/** MongoDB's own: one 16 MB document and its envelope, times three. */
export const MAX_MESSAGE_BYTES = 48_000_000;

const CHECKSUM_PRESENT = 1;
const MORE_TO_COME = 2;
const KNOWN_REQUIRED_BITS = CHECKSUM_PRESENT | MORE_TO_COME;

/** A request as it came: the command document and its document sequences, still BSON. */
export interface Request {
  requestId: number;
  kind: 'msg' | 'query';
  /** The client waits for no reply. */
  silent: boolean;
  body: Buffer;
  sequences: ReadonlyMap<string, Buffer[]>;
  /** OP_QUERY only: the `db.$cmd` that was asked. */
  namespace?: string;
}

/** A frame that cannot be understood: the connection ends, as MongoDB ends it. */
export class ProtocolError extends Error {}

/** Reads one whole frame, header included. */
export function parseMessage(frame: Buffer): Request {
  const requestId = frame.readInt32LE(4);
  const opCode = frame.readInt32LE(12);
  try {
    if (opCode === OP_MSG) return parseMsg(frame, requestId);
    if (opCode === OP_QUERY) return parseQuery(frame, requestId);
  } catch (error) {
    if (error instanceof BsonFormatError || error instanceof RangeError)
      throw new ProtocolError(error.message);
    throw error;
  }
  throw new ProtocolError(
    opCode === OP_COMPRESSED ? 'compression was not negotiated' : `unknown operation ${opCode}`,
  );
}

function parseMsg(frame: Buffer, requestId: number): Request {
  const flags = frame.readUInt32LE(HEADER_BYTES);
  if ((flags & 0xffff & ~KNOWN_REQUIRED_BITS) !== 0) throw new ProtocolError('unknown required flag');
  const end = frame.length - (flags & CHECKSUM_PRESENT ? 4 : 0);
  const sections = frame.subarray(0, end);
  let body: Buffer | undefined;
  const sequences = new Map<string, Buffer[]>();
  for (let at = HEADER_BYTES + 4; at < end;) {
    const kind = sections[at++];
    if (kind === 0) {
      if (body) throw new ProtocolError('two bodies');
      const bodyEnd = documentEnd(sections, at);
      body = sections.subarray(at, bodyEnd);
      at = bodyEnd;
    } else if (kind === 1) at = parseSequence(sections, at, sequences);
    else throw new ProtocolError(`unknown section kind ${kind}`);
  }
  if (!body) throw new ProtocolError('no body');
  return { requestId, kind: 'msg', silent: (flags & MORE_TO_COME) !== 0, body, sequences };
}

function parseSequence(bytes: Buffer, at: number, sequences: Map<string, Buffer[]>): number {
  const end = at + bytes.readInt32LE(at);
  const nameEnd = bytes.indexOf(0, at + 4);
  if (end > bytes.length || nameEnd < 0 || nameEnd >= end)
    throw new ProtocolError('a document sequence is cut short');
  const name = bytes.toString('utf8', at + 4, nameEnd);
  if (sequences.has(name)) throw new ProtocolError(`sequence ${name} comes twice`);
  const documents: Buffer[] = [];
  const section = bytes.subarray(0, end);
  for (let next = nameEnd + 1; next < end;) {
    const documentEndAt = documentEnd(section, next);
    documents.push(bytes.subarray(next, documentEndAt));
    next = documentEndAt;
  }
  sequences.set(name, documents);
  return end;
}

function parseQuery(frame: Buffer, requestId: number): Request {
  const nameEnd = frame.indexOf(0, HEADER_BYTES + 4);
  if (nameEnd < 0) throw new ProtocolError('the collection name does not end');
  const at = nameEnd + 1 + 8;
  const body = frame.subarray(at, documentEnd(frame, at));
  const namespace = frame.toString('utf8', HEADER_BYTES + 4, nameEnd);
  return { requestId, kind: 'query', silent: false, body, sequences: new Map(), namespace };
}

let lastReplyId = 0;

/** The reply to `request` that carries `document`, ready to be sent. */
export function encodeReply(request: Request, document: Buffer): Buffer {
  const prefix = request.kind === 'msg' ? 5 : 20;
  const frame = Buffer.allocUnsafe(HEADER_BYTES + prefix + document.length);
  frame.writeInt32LE(frame.length, 0);
  lastReplyId = (lastReplyId + 1) | 0;
  frame.writeInt32LE(lastReplyId, 4);
  frame.writeInt32LE(request.requestId, 8);
  frame.writeInt32LE(request.kind === 'msg' ? OP_MSG : OP_REPLY, 12);
  frame.fill(0, HEADER_BYTES, HEADER_BYTES + prefix);
  if (request.kind === 'query') {
    frame.writeInt32LE(8, HEADER_BYTES); // AwaitCapable
    frame.writeInt32LE(1, HEADER_BYTES + 16); // one document
  }
  document.copy(frame, HEADER_BYTES + prefix);
  return frame;
}

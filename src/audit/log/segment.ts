/**
 * Segments: the log itself. A segment holds some hundred events in order, compressed, with the hashes that tie it to
 * all before it. Its `_id` is the sequence number of its first event, so the database itself refuses a second
 * successor: the chain cannot fork, however many processes seal.
 */
import type { mongo } from 'mongoose';
import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { HASH_BYTES, type Peak } from '../verify';
import { binaryOf, bytesOf } from './bytes';

export interface SegmentDocument {
  /** Sequence number of the first event. */
  _id: number;
  count: number;
  /** When the earliest and the latest of its accesses happened. */
  from: Date;
  to: Date;
  sealedAt: Date;
  /** Canonical JSON of the events, a line each, deflated. Absent once pruned by the retention policy. */
  events?: mongo.Binary;
  /** Leaf hashes, one after the other. */
  leaves: mongo.Binary;
  /** The tree after this segment: levels and hashes of its perfect subtrees. */
  levels: number[];
  peaks: mongo.Binary;
  /** The hash chain's last link after this segment. */
  chain: mongo.Binary;
  /** Inbox documents that it has taken. */
  taken: mongo.ObjectId[];
  /** Ids of its events that came from committed documents: a relay may bring them again. */
  relayed: string[];
  /** True once its inbox documents are gone and its blocks written. */
  done: boolean;
}

/** What of a segment ties it to the next one. */
export type SegmentEnd = Pick<SegmentDocument, '_id' | 'count' | 'levels' | 'peaks' | 'chain'>;

/** Bytes inflated at a time: fewer pieces to join than with the default of 16 KB. */
const INFLATED_PIECE = 1 << 18;

const deflated = promisify<Buffer, { level: number }, Buffer>(deflate);
const inflated = promisify<Buffer, { chunkSize: number }, Buffer>(inflate);

/** Compresses on the thread pool, fast rather than small: events resemble each other. */
export async function packEvents(texts: readonly string[]): Promise<mongo.Binary> {
  return binaryOf(await deflated(Buffer.from(texts.join('\n')), { level: 1 }));
}

/** Canonical JSON of the events, in order. */
export async function unpackEvents(events: mongo.Binary): Promise<string[]> {
  return [...eventTexts(await inflateEvents(events))];
}

/** The events as bytes, a line each: half the memory of texts, and out of the way of the garbage collector. */
export function inflateEvents(events: mongo.Binary): Promise<Buffer> {
  return inflated(bytesOf(events), { chunkSize: INFLATED_PIECE });
}

/** One text after the other, so that few are held at a time. */
export function* eventTexts(bytes: Buffer): Generator<string> {
  for (let from = 0; from <= bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, from);
    const to = newline < 0 ? bytes.length : newline;
    yield bytes.toString('utf8', from, to);
    from = to + 1;
  }
}

const NEWLINE = 0x0a;

export function peaksOf({ levels, peaks }: Pick<SegmentDocument, 'levels' | 'peaks'>): Peak[] {
  const bytes = bytesOf(peaks);
  return levels.map((level, i) => ({ level, hash: bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES) }));
}

export function packPeaks(peaks: readonly Peak[]): Pick<SegmentDocument, 'levels' | 'peaks'> {
  return {
    levels: peaks.map(({ level }) => level),
    peaks: binaryOf(Buffer.concat(peaks.map(({ hash }) => hash))),
  };
}

/** A perfect subtree of 2^BLOCK_LEVEL leaves; with their roots, any proof is made from one block's leaves. */
export const BLOCK_LEVEL = 10;
export const BLOCK_SIZE = 2 ** BLOCK_LEVEL;

export interface BlockDocument {
  /** Position of the block: it holds the events from `_id * BLOCK_SIZE`. */
  _id: number;
  root: mongo.Binary;
}

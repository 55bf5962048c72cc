/**
 * Sealing: drafts leave the inbox and take their places in the log, as AuditEvents, hashed and chained. The insert of
 * a segment is the one moment that counts: before it nothing has happened, after it the rest can be done again by
 * anybody.
 */
import type { mongo } from 'mongoose';
import type { AuditDraft } from '../draft';
import { accountsOf, canonicalEvent, toAuditEvent, type Deployment } from '../event';
import { appendLeaf, chainHash, CHAIN_START, HASH_BYTES, leafHash } from '../verify';
import { binaryOf, bytesOf } from './bytes';
import { isDuplicate, type AuditCollections } from './collections';
import { decodeDrafts, type InboxDocument } from './inbox';
import type { Lease } from './lease';
import {
  BLOCK_LEVEL,
  BLOCK_SIZE,
  packEvents,
  packPeaks,
  peaksOf,
  type BlockDocument,
  type SegmentDocument,
  type SegmentEnd,
} from './segment';

export interface SealerOptions {
  collections: AuditCollections;
  lease: Lease;
  deployment: Deployment;
  clock: () => Date;
}

/** Events in a segment, unless one inbox document alone brings more. */
const SEGMENT_EVENTS = 1_000;
/** Bytes of drafts in a segment, unless one inbox document alone brings more. */
const SEGMENT_BYTES = 4 << 20;
/** Events built before others get their turn on the event loop. */
const SLICE = 50;

/** `sealed`: a segment was made. `empty`: nothing waits. `busy`: another process is at it. */
export type SealStep = 'sealed' | 'empty' | 'busy';

export interface Sealer {
  /** Seals up to one segment. */
  step(): Promise<SealStep>;
  release(): Promise<void>;
}

export function createSealer(options: SealerOptions): Sealer {
  const { collections, lease } = options;
  return {
    step: async () => {
      if ((await collections.inbox.findOne({}, { projection: { _id: 1 } })) === null) return 'empty';
      if (!(await lease.take())) return 'busy';
      const end = await headOf(collections);
      if (end !== undefined && !end.done) await complete(collections, end);
      const documents = await nextDocuments(collections.inbox);
      if (documents.length === 0) return 'empty';
      const drafts = await freshDrafts(collections, documents);
      if (drafts.all.length === 0) {
        await collections.inbox.deleteMany({ _id: { $in: documents.map(({ _id }) => _id) } });
        return 'sealed';
      }
      const segment = await build(
        options,
        end,
        drafts,
        documents.map(({ _id }) => _id),
      );
      try {
        await collections.segments.insertOne(segment);
      } catch (error) {
        // A lease that ran out: another process has put its segment there. Ours never was.
        if (isDuplicate(error)) return 'busy';
        throw error;
      }
      await complete(collections, segment);
      return 'sealed';
    },
    release: () => lease.release(),
  };
}

/** The last segment, without its events. */
export async function headOf({
  segments,
}: Pick<AuditCollections, 'segments'>): Promise<SegmentDocument | undefined> {
  return (
    (await segments
      .find({}, { projection: { events: 0 } })
      .sort({ _id: -1 })
      .limit(1)
      .next()) ?? undefined
  );
}

/** Number of events in the log that ends so. */
export function sizeAfter(end: Pick<SegmentEnd, '_id' | 'count'> | undefined): number {
  return end === undefined ? 0 : end._id + end.count;
}

async function nextDocuments(inbox: mongo.Collection<InboxDocument>): Promise<InboxDocument[]> {
  const waiting = await inbox
    .find({}, { projection: { count: 1, bytes: 1 } })
    .sort({ _id: 1 })
    .limit(SEGMENT_EVENTS)
    .toArray();
  let [events, size] = [0, 0];
  const chosen = waiting.filter(({ count, bytes = 0 }, i) => {
    events += count;
    size += bytes;
    return i === 0 || (events <= SEGMENT_EVENTS && size <= SEGMENT_BYTES);
  });
  if (chosen.length === 0) return [];
  return inbox
    .find({ _id: { $in: chosen.map(({ _id }) => _id) } })
    .sort({ _id: 1 })
    .toArray();
}

/** The drafts, each once: what a relay brought again is left out. */
async function freshDrafts(
  { segments }: AuditCollections,
  documents: readonly InboxDocument[],
): Promise<{ all: AuditDraft[]; relayed: string[] }> {
  const decoded = documents.map((document) => ({
    relayed: document.relayed === true,
    drafts: decodeDrafts(document),
  }));
  const relayed = decoded.flatMap(({ relayed, drafts }) => (relayed ? drafts.map(({ id }) => id) : []));
  const seen = relayed.length === 0 ? new Set<string>() : await sealedAmong(segments, relayed);
  const fresh = new Set(relayed.filter((id) => !seen.has(id)));
  const all = decoded
    .flatMap(({ drafts }) => drafts)
    .filter(({ id }) => {
      if (seen.has(id)) return false;
      seen.add(id);
      return true;
    });
  return { all, relayed: [...fresh] };
}

/** Which of these ids the log has already. */
async function sealedAmong(
  segments: AuditCollections['segments'],
  ids: readonly string[],
): Promise<Set<string>> {
  const asked = new Set(ids);
  const rows = segments.find({ relayed: { $in: [...asked] } }, { projection: { relayed: 1 } });
  return new Set((await rows.toArray()).flatMap(({ relayed }) => relayed).filter((id) => asked.has(id)));
}

async function build(
  { deployment, clock }: SealerOptions,
  end: SegmentEnd | undefined,
  { all: drafts, relayed }: { all: readonly AuditDraft[]; relayed: string[] },
  taken: mongo.ObjectId[],
): Promise<SegmentDocument> {
  const sealedAt = clock();
  const texts: string[] = [];
  const leaves: Buffer[] = [];
  const peaks = end === undefined ? [] : peaksOf(end);
  let chain = end === undefined ? CHAIN_START : bytesOf(end.chain);
  for (const draft of drafts.flatMap(accountsOf)) {
    const text = canonicalEvent(toAuditEvent(draft, deployment, sealedAt));
    const leaf = leafHash(text);
    leaves.push(leaf);
    appendLeaf(peaks, leaf);
    chain = chainHash(chain, leaf);
    if (texts.push(text) % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const times = drafts.map(({ at }) => at.getTime());
  return {
    _id: sizeAfter(end),
    count: texts.length,
    from: new Date(times.reduce((a, b) => Math.min(a, b))),
    to: new Date(times.reduce((a, b) => Math.max(a, b))),
    sealedAt,
    events: await packEvents(texts),
    leaves: binaryOf(Buffer.concat(leaves)),
    ...packPeaks(peaks),
    chain: binaryOf(chain),
    taken,
    relayed,
    done: false,
  };
}

/** What follows from a segment. Everything in it can be done twice. */
async function complete(
  { segments, blocks, inbox }: AuditCollections,
  segment: SegmentDocument,
): Promise<void> {
  for (const block of await blocksEndingIn(segments, segment)) {
    await blocks.updateOne({ _id: block._id }, { $set: { root: block.root } }, { upsert: true });
  }
  await inbox.deleteMany({ _id: { $in: segment.taken } });
  await segments.updateOne({ _id: segment._id }, { $set: { done: true } });
}

/** Roots of the blocks whose last leaf lies in the segment: its leaves appended to the tree before it. */
async function blocksEndingIn(
  segments: AuditCollections['segments'],
  segment: SegmentDocument,
): Promise<BlockDocument[]> {
  const end = sizeAfter(segment);
  if (Math.floor(end / BLOCK_SIZE) === Math.floor(segment._id / BLOCK_SIZE)) return [];
  const before = await segments
    .find({ _id: { $lt: segment._id } }, { projection: { events: 0, leaves: 0 } })
    .sort({ _id: -1 })
    .limit(1)
    .next();
  const peaks = before === null ? [] : peaksOf(before);
  const leaves = bytesOf(segment.leaves);
  const blocks: BlockDocument[] = [];
  for (let i = 0; i < segment.count; i += 1) {
    appendLeaf(peaks, leaves.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES), ({ level, hash }) => {
      if (level === BLOCK_LEVEL)
        blocks.push({ _id: Math.floor((segment._id + i) / BLOCK_SIZE), root: binaryOf(hash) });
    });
  }
  return blocks;
}

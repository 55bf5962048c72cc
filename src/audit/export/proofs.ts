/** Inclusion proofs for the events of an export, in order, in little memory. RFC 9162 section 2.1.3 */
import type { mongo } from 'mongoose';
import type { AuditCollections } from '../log/collections';
import { bytesOf } from '../log/bytes';
import { BLOCK_LEVEL, BLOCK_SIZE, peaksOf, type SegmentDocument } from '../log/segment';
import { sizeAfter } from '../log/sealer';
import { HASH_BYTES, nodeHash, rootOf } from '../verify';

export interface Proofs {
  /** The path of the event at this position, base64. Fast when positions ascend. */
  pathOf(position: number): Promise<string>;
}

/** The nodes of each level, from some leaves up; the last of a level may lack its right neighbour and is then left out. */
function pyramid(leaves: readonly Buffer[]): Buffer[][] {
  const levels: Buffer[][] = [[...leaves]];
  for (let below = levels[0] ?? []; below.length > 1;) {
    const above: Buffer[] = [];
    for (let i = 0; i + 1 < below.length; i += 2)
      above.push(nodeHash(below[i] ?? EMPTY, below[i + 1] ?? EMPTY));
    levels.push(above);
    below = above;
  }
  return levels;
}

const EMPTY = Buffer.alloc(0);

/** Proofs against the log as it stood at the end of this segment. */
export async function createProofs(
  { segments, blocks }: AuditCollections,
  end: SegmentDocument,
): Promise<Proofs> {
  const size = sizeAfter(end);
  const peaks = peaksOf(end);
  const complete = Math.floor(size / BLOCK_SIZE);
  const roots = await blocks
    .find({ _id: { $lt: complete } })
    .sort({ _id: 1 })
    .toArray();
  const upper = pyramid(roots.map(({ root }) => bytesOf(root)));
  const leaves = createLeafReader(segments, size);
  let block = { number: -1, levels: [] as Buffer[][], above: [] as Buffer[] };

  /** The last node of a level: it covers all leaves from its place to the end, a full number of them or not. */
  const edge = (level: number, place: number, full: () => Buffer): Buffer => {
    const start = place * 2 ** level;
    if (size - start === 2 ** level) return full();
    let covered = 0;
    const right = peaks.filter((peak) => {
      covered += 2 ** peak.level;
      return covered > start;
    });
    return rootOf(right);
  };
  const siblings = (
    from: number,
    to: number,
    place: number,
    nodeAt: (level: number, place: number) => Buffer,
  ): Buffer[] => {
    const path: Buffer[] = [];
    let node = place;
    let last = Math.floor((size - 1) / 2 ** from);
    for (let level = from; level < to && last > 0; level += 1) {
      if (node % 2 === 1) path.push(nodeAt(level, node - 1));
      else if (node < last)
        path.push(node + 1 === last ? edge(level, last, () => nodeAt(level, last)) : nodeAt(level, node + 1));
      node = Math.floor(node / 2);
      last = Math.floor(last / 2);
    }
    return path;
  };
  const enter = async (number: number): Promise<void> => {
    const first = number * BLOCK_SIZE;
    const levels = pyramid(await leaves.read(first, Math.min(first + BLOCK_SIZE, size)));
    const above = siblings(
      BLOCK_LEVEL,
      Infinity,
      number,
      (level, place) => upper[level - BLOCK_LEVEL]?.[place] ?? EMPTY,
    );
    block = { number, levels, above };
  };
  return {
    pathOf: async (position) => {
      const number = Math.floor(position / BLOCK_SIZE);
      if (number !== block.number) await enter(number);
      const { levels, above } = block;
      const inside = siblings(
        0,
        BLOCK_LEVEL,
        position,
        (level, place) => levels[level]?.[place - (number * BLOCK_SIZE) / 2 ** level] ?? EMPTY,
      );
      return Buffer.concat([...inside, ...above]).toString('base64');
    },
  };
}

interface LeafReader {
  /** Leaf hashes from `low` to before `high`. */
  read(low: number, high: number): Promise<Buffer[]>;
}

/** Reads leaf hashes forward through the segments; a jump begins anew at the right segment. */
function createLeafReader(segments: AuditCollections['segments'], size: number): LeafReader {
  const projection = { _id: 1, count: 1, leaves: 1 } as const;
  type Row = Pick<SegmentDocument, '_id' | 'count' | 'leaves'>;
  let cursor: mongo.FindCursor<Row> | undefined;
  let start = 0;
  let held: Buffer[] = [];

  const jump = async (low: number): Promise<void> => {
    const first = await segments
      .find({ _id: { $lte: low } }, { projection: { _id: 1 } })
      .sort({ _id: -1 })
      .limit(1)
      .next();
    start = first?._id ?? 0;
    held = [];
    await cursor?.close();
    cursor = segments
      .find<Row>({ _id: { $gte: start, $lt: size } }, { projection })
      .sort({ _id: 1 })
      .batchSize(16);
  };
  return {
    read: async (low, high) => {
      if (cursor === undefined || low < start || low > start + held.length + 4 * BLOCK_SIZE) await jump(low);
      while (start + held.length < high) {
        const row = (await cursor?.next()) ?? null;
        if (row === null) throw new Error(`The log ends before event ${high}.`);
        const bytes = bytesOf(row.leaves);
        for (let i = 0; i < row.count; i += 1)
          held.push(bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
      }
      held.splice(0, low - start);
      start = low;
      return held.slice(0, high - low);
    },
  };
}

/** The events of an export, in the order of the log, read segment by segment. */
import type { AuditCollections } from '../log/collections';
import { eventTexts, inflateEvents, type SegmentDocument } from '../log/segment';
import { sizeAfter } from '../log/sealer';
import { passes, type Filter } from './filter';

/** An event of the log. */
export interface Sealed {
  sequence: number;
  /** Canonical JSON. */
  text: string;
}

/** Events that are given on together. */
const BATCH = 100;

type Row = Pick<SegmentDocument, '_id' | 'count' | 'events'>;

/**
 * Events up to the end of this segment that pass, some at a time. The next segment is fetched and inflated
 * while the present one is written out.
 */
export async function* selectEvents(
  { segments }: Pick<AuditCollections, 'segments'>,
  end: SegmentDocument,
  filter: Filter,
): AsyncGenerator<Sealed[]> {
  const { from, to } = filter;
  const cursor = segments
    .find<Row>(
      {
        _id: { $lt: sizeAfter(end) },
        events: { $exists: true },
        ...(from === undefined ? {} : { to: { $gte: from } }),
        ...(to === undefined ? {} : { from: { $lt: to } }),
      },
      { projection: { count: 1, events: 1 } },
    )
    .sort({ _id: 1 })
    .batchSize(8);
  try {
    for (let ahead = nextSegment(cursor); ;) {
      const segment = await ahead;
      if (segment === undefined) return;
      ahead = nextSegment(cursor);
      // Should the reader stop here, nobody awaits it: its failure is not to end the process.
      ahead.catch(() => undefined);
      let sequence = segment.first;
      let chosen: Sealed[] = [];
      for (const text of segment.bytes === undefined ? [] : eventTexts(segment.bytes)) {
        if (passes(text, filter)) chosen.push({ sequence, text });
        sequence += 1;
        if (chosen.length < BATCH) continue;
        yield chosen;
        chosen = [];
      }
      if (chosen.length > 0) yield chosen;
    }
  } finally {
    await cursor.close();
  }
}

async function nextSegment(cursor: {
  next(): Promise<Row | null>;
}): Promise<{ first: number; bytes: Buffer | undefined } | undefined> {
  const row = await cursor.next();
  if (row === null) return undefined;
  return { first: row._id, bytes: row.events === undefined ? undefined : await inflateEvents(row.events) };
}

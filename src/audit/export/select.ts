/** The events of an export, in the order of the log, read segment by segment. */
import type { AuditCollections } from '../log/collections';
import { unpackEvents, type SegmentDocument } from '../log/segment';
import { sizeAfter } from '../log/sealer';
import { passes, type Filter } from './filter';

/** An event of the log. */
export interface Sealed {
  sequence: number;
  /** Canonical JSON. */
  text: string;
}

type Row = Pick<SegmentDocument, '_id' | 'count' | 'events'>;

/**
 * Events up to the end of this segment that pass, a segment's at a time. The next segment is fetched and inflated
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
      const { first, texts } = segment;
      const chosen: Sealed[] = [];
      texts.forEach((text, i) => {
        if (passes(text, filter)) chosen.push({ sequence: first + i, text });
      });
      if (chosen.length > 0) yield chosen;
    }
  } finally {
    await cursor.close();
  }
}

async function nextSegment(cursor: {
  next(): Promise<Row | null>;
}): Promise<{ first: number; texts: string[] } | undefined> {
  const row = await cursor.next();
  if (row === null) return undefined;
  return { first: row._id, texts: row.events === undefined ? [] : await unpackEvents(row.events) };
}

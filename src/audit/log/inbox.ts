/**
 * The inbox: where drafts are durable before a response leaves. One document holds all drafts that arrived while the
 * write before it was on its way (group commit), as one binary of JSON: the database sees one small document, not
 * many fields. The sealer takes them from here into the log.
 */
import type { mongo } from 'mongoose';
import type { AuditDraft } from '../draft';

/** Drafts that were written together. */
export interface InboxDocument {
  _id: mongo.ObjectId;
  at: Date;
  /** Events that they will make. */
  count: number;
  /** Length of `drafts`. */
  bytes?: number;
  /** JSON array of drafts. */
  drafts: mongo.Binary;
  /** Drafts from committed documents may come twice: the sealer looks whether it has them already. */
  relayed?: boolean;
}

/** JSON of drafts, one array. */
export function encodeDrafts(drafts: readonly AuditDraft[]): Buffer {
  return Buffer.from(JSON.stringify(drafts));
}

export function decodeDrafts({ drafts }: Pick<InboxDocument, 'drafts'>): AuditDraft[] {
  const parsed = JSON.parse(Buffer.from(drafts.buffer).toString('utf8', 0, drafts.length())) as (Omit<
    AuditDraft,
    'at'
  > & { at: string })[];
  return parsed.map((draft) => ({ ...draft, at: new Date(draft.at) }));
}

/** Events that wait in the inbox. */
export async function entriesIn(inbox: mongo.Collection<InboxDocument>): Promise<number> {
  const [sum] = await inbox
    .aggregate<{ count: number }>([{ $group: { _id: null, count: { $sum: '$count' } } }])
    .toArray();
  return sum?.count ?? 0;
}

import type { OutboxFields } from '../documents';

/**
 * Events that no resource document can carry: audit entries of a write that changed nothing (an identical update,
 * the deletion of what is not there).
 */
export interface OutboxDocument extends OutboxFields {
  _id: string;
}

import type { CollectionDefinition } from '../catalog/definitions';
import type { Stored } from '../storage/documents';
import { numberKey } from '../storage/keys';
import type { View } from '../storage/view';
import { afterPrefix, scanRange } from '../storage/view';
import type { Plan } from './plan';

/** Yielded between steps of bounded work. */
export const PAUSE: unique symbol = Symbol('pause');

/** What an execution did, for explain. */
export interface Work {
  keysExamined: number;
  documentsExamined: number;
  returned: number;
}

/** Documents looked at between two pauses. */
const STEP = 64;

/** The documents that a plan leads to, before the residual filter. */
export function* candidates(
  view: View,
  collection: CollectionDefinition,
  plan: Plan,
  work: Work,
): Generator<Stored | typeof PAUSE, void, void> {
  const { access } = plan;
  if (access.kind === 'none') return;
  if (access.kind === 'id') {
    const bytes = view.get('documents', access.key);
    work.keysExamined++;
    if (!bytes) return;
    work.documentsExamined++;
    yield { key: access.key, bytes };
    return;
  }
  const prefix = numberKey(collection.number);
  for (const { key, value } of scanRange(view, 'documents', prefix, afterPrefix(prefix), access.reverse)) {
    yield { key, bytes: value };
    if (++work.documentsExamined % STEP === 0) yield PAUSE;
  }
}

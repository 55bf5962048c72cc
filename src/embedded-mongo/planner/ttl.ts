import type { IndexDefinition } from '../catalog/definitions';
import { encodeKey } from '../semantics';
import { withNumber } from '../storage/keys';

/** The entries of a TTL index whose date is not after `before`. Only dates expire, nothing else. */
export function ttlRange(index: IndexDefinition, before: Date): { low: Buffer; high: Buffer } {
  const descending = index.pattern[0]?.[1] === -1;
  const oldest = encodeKey(new Date(-8.64e15), descending);
  const newest = encodeKey(new Date(before.getTime() + 1), descending);
  // Ascending: [oldest, before + 1 ms); descending keys run the other way, from just after (before + 1 ms).
  return descending
    ? {
        low: withNumber(index.number, encodeKey(before, true)),
        high: withNumber(index.number, Buffer.concat([oldest, Buffer.from([0xff])])),
      }
    : { low: withNumber(index.number, oldest), high: withNumber(index.number, newest) };
}

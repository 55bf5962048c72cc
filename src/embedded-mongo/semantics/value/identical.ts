import type { Code, Decimal128 } from 'bson';
import { compareBson } from './compare';
import { numericOf } from './numbers';
import { bsonType, BsonType, plain } from './types';

/** Whether two values are stored as the same bytes: unlike for {@link compareBson}, 1 and NumberLong(1) differ. */
export function identical(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  const type = bsonType(a);
  if (type !== bsonType(b)) return false;
  switch (type) {
    case BsonType.double:
      return Object.is(numericOf(a), numericOf(b));
    case BsonType.decimal:
      return Buffer.compare((a as Decimal128).bytes, (b as Decimal128).bytes) === 0;
    case BsonType.array:
      return identicalArrays(a as unknown[], b as unknown[]);
    case BsonType.object:
      return identicalDocuments(plain(a as object), plain(b as object));
    case BsonType.javascriptWithScope:
      return (a as Code).code === (b as Code).code && identical((a as Code).scope, (b as Code).scope);
    default:
      return compareBson(a, b) === 0;
  }
}

function identicalArrays(a: unknown[], b: unknown[]): boolean {
  return a.length === b.length && a.every((element, i) => identical(element, b[i]));
}

function identicalDocuments(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const names = Object.keys(a);
  const others = Object.keys(b);
  return (
    names.length === others.length &&
    names.every((name, i) => name === others[i] && identical(a[name], b[name]))
  );
}

import type { ObjectId, Timestamp } from 'bson';
import { bsonType, BsonType, CommandError, numericOf, typeName } from '../value';
import { isNullish } from './logic';

/** A date as MongoDB writes it: ISO 8601 with milliseconds, in UTC. */
function dateText(value: Date): string {
  return value.toISOString();
}

/** A double as MongoDB writes it: shortest digits that read back, `%.15g`-like exponents. */
function doubleText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Infinity' : 'Infinity';
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** The implicit conversion of `$toLower`, `$substr` and the like: null is the empty string. */
export function coerceToString(value: unknown): string {
  if (isNullish(value)) return '';
  switch (bsonType(value)) {
    case BsonType.string:
    case BsonType.symbol:
      return String(value);
    case BsonType.double:
      return doubleText(Number(numericOf(value)));
    case BsonType.int:
    case BsonType.long:
    case BsonType.decimal:
      return String(value);
    case BsonType.date:
      return dateText(value as Date);
    case BsonType.objectId:
      return (value as ObjectId).toHexString();
    case BsonType.timestamp:
      return (value as Timestamp).toString();
    default:
      throw new CommandError(16007, `can't convert from BSON type ${typeName(value)} to String`);
  }
}

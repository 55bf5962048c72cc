import type { Code, DBRef } from 'bson';

/** A BSON document as the `bson` package gives it: a plain object whose key order is the field order. */
export type Document = Record<string, unknown>;

/** What a path leads to when the field does not exist. (`undefined` is BSON's deprecated undefined type.) */
export const MISSING: unique symbol = Symbol('missing');

/** BSON type numbers, as `$type` takes them. */
export const BsonType = {
  double: 1,
  string: 2,
  object: 3,
  array: 4,
  binData: 5,
  undefined: 6,
  objectId: 7,
  bool: 8,
  date: 9,
  null: 10,
  regex: 11,
  dbPointer: 12,
  javascript: 13,
  symbol: 14,
  javascriptWithScope: 15,
  int: 16,
  timestamp: 17,
  long: 18,
  decimal: 19,
  minKey: -1,
  maxKey: 127,
} as const;

/** Place of a type in the BSON comparison order (manual: "Comparison/Sort Order"). */
export const Rank = {
  minKey: -1,
  undefined: 0,
  null: 5,
  number: 10,
  string: 15,
  object: 20,
  array: 25,
  binData: 30,
  objectId: 35,
  bool: 40,
  date: 45,
  timestamp: 47,
  regex: 50,
  javascript: 60,
  javascriptWithScope: 65,
  maxKey: 127,
} as const;

const INT32_MIN = -0x80000000;
const INT32_MAX = 0x7fffffff;

/** Whether the driver's serializer would write this JavaScript number as int32 rather than double. */
function isInt32(value: number): boolean {
  return Number.isInteger(value) && value >= INT32_MIN && value <= INT32_MAX && !Object.is(value, -0);
}

/** The BSON type number of a deserialized value, wrapped or promoted. */
export function bsonType(value: unknown): number {
  switch (typeof value) {
    case 'number':
      return isInt32(value) ? BsonType.int : BsonType.double;
    case 'string':
      return BsonType.string;
    case 'boolean':
      return BsonType.bool;
    case 'bigint':
      return BsonType.long;
    case 'object':
      return value === null ? BsonType.null : objectType(value);
    default:
      return BsonType.undefined;
  }
}

const TAG_TYPES: Record<string, number> = {
  Int32: BsonType.int,
  Double: BsonType.double,
  Long: BsonType.long,
  Decimal128: BsonType.decimal,
  ObjectId: BsonType.objectId,
  Binary: BsonType.binData,
  Timestamp: BsonType.timestamp,
  BSONRegExp: BsonType.regex,
  BSONSymbol: BsonType.symbol,
  DBRef: BsonType.object,
  MinKey: BsonType.minKey,
  MaxKey: BsonType.maxKey,
};

function objectType(value: object): number {
  // A stored document may have a field called `_bsontype`: the prototype decides, not the field.
  if (Object.getPrototypeOf(value) === Object.prototype) return BsonType.object;
  if (Array.isArray(value)) return BsonType.array;
  const tag: unknown = (value as { _bsontype?: unknown })._bsontype;
  if (typeof tag === 'string') {
    if (tag === 'Code') return (value as Code).scope ? BsonType.javascriptWithScope : BsonType.javascript;
    return TAG_TYPES[tag] ?? BsonType.object;
  }
  if (value instanceof Date) return BsonType.date;
  if (value instanceof RegExp) return BsonType.regex;
  if (value instanceof Uint8Array) return BsonType.binData;
  return BsonType.object;
}

const RANK_OF_TYPE = new Int16Array(129);
const RANKS: [number, number][] = [
  [BsonType.minKey, Rank.minKey],
  [BsonType.undefined, Rank.undefined],
  [BsonType.null, Rank.null],
  [BsonType.double, Rank.number],
  [BsonType.int, Rank.number],
  [BsonType.long, Rank.number],
  [BsonType.decimal, Rank.number],
  [BsonType.string, Rank.string],
  [BsonType.symbol, Rank.string],
  [BsonType.object, Rank.object],
  [BsonType.array, Rank.array],
  [BsonType.binData, Rank.binData],
  [BsonType.objectId, Rank.objectId],
  [BsonType.bool, Rank.bool],
  [BsonType.date, Rank.date],
  [BsonType.timestamp, Rank.timestamp],
  [BsonType.regex, Rank.regex],
  [BsonType.javascript, Rank.javascript],
  [BsonType.javascriptWithScope, Rank.javascriptWithScope],
  [BsonType.maxKey, Rank.maxKey],
];
for (const [type, rank] of RANKS) RANK_OF_TYPE[type + 1] = rank;

/** Place of a value's type in the BSON comparison order. */
export function rankOf(value: unknown): number {
  switch (typeof value) {
    case 'number':
      return Rank.number;
    case 'string':
      return Rank.string;
    default:
      return RANK_OF_TYPE[bsonType(value) + 1] ?? Rank.object;
  }
}

const TYPE_NAMES = new Map<number, string>(Object.entries(BsonType).map(([name, type]) => [type, name]));

/** The alias of a value's type, as `$type` and MongoDB's messages name it ("missing" for a missing field). */
export function typeName(value: unknown): string {
  if (value === MISSING) return 'missing';
  return TYPE_NAMES.get(bsonType(value)) ?? 'object';
}

/** Whether the value is a BSON document (not an array). */
export function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && objectType(value) === BsonType.object;
}

/** Whether the value is one of the four numeric types. */
export function isNumber(value: unknown): boolean {
  return rankOf(value) === Rank.number;
}

/** The document as a plain object: `bson` turns `{ $ref, $id }` into a DBRef, which is a document like any other. */
export function plain(value: object): Document {
  if (
    (value as { _bsontype?: unknown })._bsontype !== 'DBRef' ||
    !(Object.getPrototypeOf(value) !== Object.prototype)
  )
    return value as Document;
  const ref = value as DBRef;
  const document: Document = { $ref: ref.collection, $id: ref.oid };
  if (ref.db !== undefined && ref.db !== '') document['$db'] = ref.db;
  return Object.assign(document, ref.fields);
}

const hasOwn = Object.prototype.hasOwnProperty;

/** A field of a document, or {@link MISSING}. Names that every object inherits are fields only when stored. */
export function field(document: Document, name: string): unknown {
  const value = document[name];
  if (value === undefined || name in Object.prototype) return hasOwn.call(document, name) ? value : MISSING;
  return value;
}

/** Sets a field so that it becomes an own, last field also when it is called `__proto__`. */
export function setField(document: Document, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(document, name, { value, enumerable: true, configurable: true, writable: true });
  else document[name] = value;
}

/** A copy of the document's own level; the values are shared. */
export function copyDocument(document: Document): Document {
  const copy: Document = {};
  for (const name of Object.keys(document)) setField(copy, name, document[name]);
  return copy;
}

/** The number an array index component stands for ("0", "17"; not "01"), or -1. */
export function arrayIndex(component: string): number {
  return /^(?:0|[1-9][0-9]{0,9})$/.test(component) ? Number(component) : -1;
}

/** BSON truth: false, zero, null, undefined and missing are false; all else, NaN included, is true. */
export function isTruthy(value: unknown): boolean {
  if (value === MISSING || value === undefined || value === null || value === false) return false;
  switch (bsonType(value)) {
    case BsonType.int:
    case BsonType.double:
    case BsonType.long:
    case BsonType.decimal:
      return !isZero(value);
    default:
      return true;
  }
}

function isZero(value: unknown): boolean {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value) === 0;
  const text = String(value);
  return Number(text) === 0 && !/[1-9]/.test(text.split(/e/i)[0] ?? '');
}

/** Whether a field name is that of an operator: it begins with `$` and is none of a DBRef's. */
export function isOperatorName(name: string | undefined): name is string {
  return name !== undefined && name.startsWith('$') && name !== '$ref' && name !== '$id' && name !== '$db';
}

import {
  Binary,
  BSONRegExp,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson';
import fc from 'fast-check';

type Doc = Record<string, unknown>;

const interestingDecimals = [
  '0',
  '-0',
  '0.1',
  '0.10',
  '1',
  '1.00',
  '1E+3',
  '-1E-6176',
  '9.999999999999999999999999999999999E+6144',
  '1E+400',
  '-1E+400',
  '9007199254740993',
  '9223372036854775808',
  'NaN',
  'Infinity',
  '-Infinity',
  '1E-400',
  '0.1000000000000000055511151231257827',
];
const interestingLongs = [
  '0',
  '1',
  '-1',
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '1000',
];

/** Numbers of all four types, and plain JavaScript ones, close to each other and to every limit. */
export const numeric: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: -3, max: 3 }).map((n) => new Int32(n)),
  fc
    .constantFrom(
      0.5,
      -0,
      0.1,
      1.5,
      NaN,
      Infinity,
      -Infinity,
      2 ** 53,
      2 ** 63,
      -(2 ** 63),
      5e-324,
      Number.MAX_VALUE,
    )
    .map((n) => new Double(n)),
  fc.double(),
  fc.constantFrom(...interestingLongs).map((text) => Long.fromString(text)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((n) => Long.fromBigInt(n)),
  fc.constantFrom(...interestingDecimals).map((text) => Decimal128.fromString(text)),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }), fc.integer({ min: -40, max: 40 }))
    .map(([c, e]) => Decimal128.fromString(`${c}E${e}`)),
);

const text = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'ab', 'a\0', 'a\0b', '\uffff', '\u{10000}', 'é'),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

/** Scalars of every type. */
const scalar: fc.Arbitrary<unknown> = fc.oneof(
  numeric,
  numeric,
  text,
  fc.constantFrom(null, true, false, undefined),
  fc.constantFrom(new MinKey(), new MaxKey()),
  fc.integer({ min: -5, max: 5 }).map((n) => new Date(n * 1e12)),
  fc.constantFrom('000000000000000000000001', 'ffffffffffffffffffffffff').map((hex) => new ObjectId(hex)),
  fc
    .tuple(fc.integer({ min: 0, max: 2 }), fc.uint8Array({ maxLength: 2 }))
    .map(([type, bytes]) => new Binary(bytes, type)),
  fc.tuple(fc.nat(3), fc.nat(3)).map(([t, i]) => new Timestamp({ t: (t * 0x50000000) % 0xffffffff, i })),
  fc.constantFrom(new BSONRegExp('a', ''), new BSONRegExp('a', 'i'), new BSONRegExp('ab', '')),
);

/** Values of every type, nested. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer({ min: 0, max: 2 }),
  fc.constantFrom<unknown>(
    null,
    'x',
    'y',
    true,
    new Int32(1),
    new Double(1),
    new Double(0.5),
    Long.fromNumber(2),
    Decimal128.fromString('1.0'),
    new Double(NaN),
    new MinKey(),
  ),
);

/** Small documents with few names and values, so that random queries often hit. */
export const smallValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '0'), tie('value'), { maxKeys: 2, noNullPrototype: true }),
  ),
})).value;

export const smallDocument: fc.Arbitrary<Doc> = fc.dictionary(fc.constantFrom('a', 'b'), smallValue, {
  maxKeys: 2,
  noNullPrototype: true,
});

export const path = fc.constantFrom('a', 'b', 'a.b', 'a.a', 'a.0', 'a.1', 'a.0.b', 'a.b.a', 'a.b.0', 'a.1.0');

const list = fc.array(smallValue, { maxLength: 3 });
const operator: fc.Arbitrary<Doc> = fc.oneof(
  fc
    .tuple(fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'), smallValue)
    .map(([op, v]) => ({ [op]: v })),
  fc.tuple(fc.constantFrom('$in', '$nin', '$all'), list).map(([op, v]) => ({ [op]: v })),
  fc.boolean().map((b) => ({ $exists: b })),
  fc
    .constantFrom('int', 'double', 'string', 'null', 'array', 'object', 'long', 'bool')
    .map((type) => ({ $type: type })),
  fc.nat(3).map((n) => ({ $size: n })),
  fc.constantFrom([2, 1], [2, 0]).map((mod) => ({ $mod: mod })),
  fc.tuple(fc.constantFrom('$gt', '$lt', '$eq', '$ne'), leaf).map(([op, v]) => ({ $elemMatch: { [op]: v } })),
  fc.tuple(fc.constantFrom('a', 'b', '0'), leaf).map(([name, v]) => ({ $elemMatch: { [name]: v } })),
  fc.tuple(fc.constantFrom('$gt', '$lte', '$eq'), leaf).map(([op, v]) => ({ $not: { [op]: v } })),
);

/** Queries of all operators but patterns. */
export const query: fc.Arbitrary<Doc> = fc.letrec<{ query: Doc }>((tie) => ({
  query: fc.oneof(
    { depthSize: 'small' },
    fc
      .tuple(
        path,
        fc.oneof(
          leaf,
          smallValue.filter((v) => !isOperators(v)),
        ),
      )
      .map(([p, v]) => ({ [p]: v })),
    fc.tuple(path, operator).map(([p, v]) => ({ [p]: v })),
    fc.tuple(path, operator, path, operator).map(([p, v, q, w]) => ({ [p]: v, [q]: w })),
    fc
      .tuple(fc.constantFrom('$and', '$or', '$nor'), fc.array(tie('query'), { minLength: 1, maxLength: 3 }))
      .map(([op, all]) => ({ [op]: all })),
  ),
})).query;

function isOperators(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && Object.keys(value).some((name) => name.startsWith('$'))
  );
}

import { Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import fc from 'fast-check';
import { compareBson, encodeKey, equalBson, indexKeys } from '../../../src/embedded-mongo/semantics';
import { anyValue, numeric, smallDocument, smallValue } from './arbitraries';
import { matches, order } from './oracle';

const sign = Math.sign;

describe('BSON order (manual: Comparison/Sort Order)', () => {
  it('orders the types as the manual lists them', () => {
    const ascending: unknown[] = [
      new MinKey(),
      undefined,
      null,
      new Double(NaN),
      new Double(-Infinity),
      -1,
      Decimal128.fromString('0.5'),
      Long.fromNumber(1),
      'A',
      'a',
      {},
      { a: 1 },
      [],
      [1],
      new Binary(new Uint8Array([9]), 0),
      new Binary(new Uint8Array([1, 1]), 0),
      new ObjectId(),
      false,
      true,
      new Date(0),
      new Timestamp({ t: 1, i: 1 }),
      /a/,
      new MaxKey(),
    ];
    for (const [i, a] of ascending.entries())
      for (const [j, b] of ascending.entries())
        expect([i, j, sign(compareBson(a, b))]).toEqual([i, j, sign(i - j)]);
  });

  it('compares numbers of all types by exact value', () => {
    expect(equalBson(new Int32(1), Decimal128.fromString('1.00'))).toBe(true);
    expect(compareBson(new Double(0.1), Decimal128.fromString('0.1'))).toBe(1);
    expect(compareBson(Long.fromString('9007199254740993'), new Double(9007199254740992))).toBe(1);
    expect(equalBson(-0, 0)).toBe(true);
    expect(compareBson(new Double(NaN), Decimal128.fromString('NaN'))).toBe(0);
    fc.assert(
      fc.property(numeric, numeric, (a, b) => sign(compareBson(a, b)) === sign(order(a, b))),
      { numRuns: 2000 },
    );
  });

  it('agrees with the plainly written order on all values', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (a, b) => sign(compareBson(a, b)) === sign(order(a, b))),
      { numRuns: 3000 },
    );
  });

  it('compares documents by field order, type before name before value', () => {
    expect(equalBson({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(false);
    expect(compareBson({ b: 1 }, { a: 'x' })).toBeLessThan(0);
    expect(compareBson({ a: 1 }, { a: 1, b: 1 })).toBeLessThan(0);
  });
});

describe('index keys', () => {
  it('order as bytes as their values do, ascending and descending', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (a, b) => {
        const expected = sign(compareBson(a, b));
        expect(sign(Buffer.compare(encodeKey(a), encodeKey(b)))).toBe(expected);
        expect(sign(Buffer.compare(encodeKey(a, true), encodeKey(b, true)))).toBe(
          expected === 0 ? 0 : -expected,
        );
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(
        numeric,
        numeric,
        (a, b) => sign(Buffer.compare(encodeKey(a), encodeKey(b))) === sign(order(a, b)),
      ),
      { numRuns: 3000 },
    );
  });

  it('concatenate to keys of tuples', () => {
    const tuple = fc.tuple(anyValue, anyValue);
    const compound = (values: [unknown, unknown], down: boolean): Buffer =>
      Buffer.concat([encodeKey(values[0], down), encodeKey(values[1])]);
    fc.assert(
      fc.property(tuple, tuple, fc.boolean(), (a, b, down) => {
        const first = compareBson(a[0], b[0]);
        const expected = first === 0 ? compareBson(a[1], b[1]) : down ? -first : first;
        expect(sign(Buffer.compare(compound(a, down), compound(b, down)))).toBe(sign(expected));
      }),
      { numRuns: 2000 },
    );
  });

  const hex = (values: unknown[]): string[] => values.map((value) => encodeKey(value).toString('hex')).sort();
  const keysOf = (
    document: Record<string, unknown>,
    pattern: Record<string, unknown>,
    sparse = false,
  ): string[] =>
    indexKeys(document, pattern, { sparse })
      .keys.map((key) => key.toString('hex'))
      .sort();

  it('follow the rules for arrays, missing fields and sparse indexes', () => {
    expect(keysOf({ a: [1, 2, 1] }, { a: 1 })).toEqual(hex([1, 2]));
    expect(keysOf({ a: [] }, { a: 1 })).toEqual(hex([undefined]));
    expect(keysOf({ a: [] }, { 'a.b': 1 })).toEqual(hex([null]));
    expect(keysOf({ a: [{ b: 1 }, 5, { c: 1 }] }, { 'a.b': 1 })).toEqual(hex([1, null]));
    expect(keysOf({ a: [[1, 2], 3] }, { a: 1 })).toEqual(hex([[1, 2], 3]));
    expect(keysOf({ a: [{ b: [1, 2] }, { b: 3 }] }, { 'a.b': 1 })).toEqual(hex([1, 2, 3]));
    expect(keysOf({ a: [{ b: ['x'] }, { b: ['x', 'y'] }] }, { 'a.b': 1 })).toEqual(hex(['x', 'y']));
    expect(keysOf({ a: [1, new Double(1)] }, { a: 1 })).toEqual(hex([1]));
    expect(keysOf({}, { a: 1 })).toEqual(hex([null]));
    expect(keysOf({ b: 1 }, { a: 1 }, true)).toEqual([]);
    expect(keysOf({ a: null }, { a: 1 }, true)).toEqual(hex([null]));
    expect(indexKeys({ a: [{ b: [1] }] }, { 'a.b': 1 }).multikeyPaths.sort()).toEqual(['a', 'a.b']);
    expect(indexKeys({ a: [1], b: 2 }, { a: 1, b: -1 })).toMatchObject({ multikeyPaths: ['a'] });
    expect(() => indexKeys({ a: [1], b: [2] }, { a: 1, b: 1 })).toThrow(
      expect.objectContaining({ code: 171, codeName: 'CannotIndexParallelArrays' }),
    );
    expect(() => indexKeys({}, { a: 'text' })).toThrow(expect.objectContaining({ code: 238 }));
    expect(() => indexKeys({}, { a: 0 })).toThrow(expect.objectContaining({ code: 67 }));
  });

  it('hold a key for every scalar that equality finds', () => {
    const scalar = smallValue.filter((value) => typeof value !== 'object' && value !== undefined);
    fc.assert(
      fc.property(smallDocument, fc.constantFrom('a', 'a.b', 'b.a'), scalar, (document, field, value) => {
        const found = matches({ [field]: value }, document);
        expect(keysOf(document, { [field]: 1 }).includes(encodeKey(value).toString('hex')) || !found).toBe(
          true,
        );
      }),
      { numRuns: 2000 },
    );
  });
});

import { BSONRegExp, Decimal128, Double, Int32, Long, ObjectId, serialize } from 'bson';
import fc from 'fast-check';
import { compileBytes, compileFilter, parseFilter } from '../../../src/embedded-mongo/semantics';
import { query, smallDocument } from './arbitraries';
import { matches } from './oracle';

type Doc = Record<string, unknown>;
const test = (q: Doc, document: Doc): boolean => compileFilter(parseFilter(q))(document);
const found = (q: Doc, documents: Doc[]): unknown[] =>
  documents.filter((d) => test(q, d)).map((d) => d['_id']);
const position = (q: Doc, document: Doc): number | undefined => {
  const details = { position: undefined as number | undefined };
  compileFilter(parseFilter(q))(document, details);
  return details.position;
};

describe('queries', () => {
  it('answer as the plainly written rules do', () => {
    fc.assert(
      fc.property(query, smallDocument, (q, document) => test(q, document) === matches(q, document)),
      { numRuns: 5000 },
    );
  });

  it('are decided by the bytes of a document only as the document itself would', () => {
    let decided = 0;
    fc.assert(
      fc.property(query, smallDocument, (q, document) => {
        const verdict = compileBytes(parseFilter(q))?.(Buffer.from(serialize(document)));
        if (verdict !== undefined) decided++;
        return verdict === undefined || verdict === matches(q, document);
      }),
      { numRuns: 5000 },
    );
    expect(decided).toBeGreaterThan(100);
  });

  // manual: "Query for Null or Missing Fields"
  it('find null and missing fields', () => {
    const documents = [
      { _id: 1, item: null },
      { _id: 2 },
      { _id: 3, item: 1 },
      { _id: 4, item: [] },
      { _id: 5, item: [null] },
    ];
    expect(found({ item: null }, documents)).toEqual([1, 2, 5]);
    expect(found({ item: { $type: 10 } }, documents)).toEqual([1, 5]);
    expect(found({ item: { $exists: false } }, documents)).toEqual([2]);
    expect(found({ item: { $ne: null } }, documents)).toEqual([3, 4]);
    expect(found({ 'item.x': null }, documents)).toEqual([1, 2, 3]);
  });

  // manual: "Query an Array"
  it('find in arrays', () => {
    const documents = [
      { _id: 'journal', tags: ['blank', 'red'], dim_cm: [14, 21] },
      { _id: 'notebook', tags: ['red', 'blank'], dim_cm: [14, 21] },
      { _id: 'paper', tags: ['red', 'blank', 'plain'], dim_cm: [14, 21] },
      { _id: 'planner', tags: ['blank', 'red'], dim_cm: [22.85, 30] },
      { _id: 'postcard', tags: ['blue'], dim_cm: [10, 15.25] },
    ];
    expect(found({ tags: ['red', 'blank'] }, documents)).toEqual(['notebook']);
    expect(found({ tags: { $all: ['red', 'blank'] } }, documents)).toEqual([
      'journal',
      'notebook',
      'paper',
      'planner',
    ]);
    expect(found({ dim_cm: { $gt: 25 } }, documents)).toEqual(['planner']);
    expect(found({ dim_cm: { $gt: 15, $lt: 20 } }, documents)).toEqual([
      'journal',
      'notebook',
      'paper',
      'postcard',
    ]);
    expect(found({ dim_cm: { $elemMatch: { $gt: 22, $lt: 30 } } }, documents)).toEqual(['planner']);
    expect(found({ 'dim_cm.1': { $gt: 25 } }, documents)).toEqual(['planner']);
    expect(found({ tags: { $size: 3 } }, documents)).toEqual(['paper']);
  });

  // manual: "Query an Array of Embedded Documents"
  it('find in arrays of documents', () => {
    const documents = [
      {
        _id: 1,
        instock: [
          { warehouse: 'A', qty: 5 },
          { warehouse: 'C', qty: 15 },
        ],
      },
      { _id: 2, instock: [{ warehouse: 'C', qty: 5 }] },
      {
        _id: 3,
        instock: [
          { warehouse: 'A', qty: 60 },
          { warehouse: 'B', qty: 15 },
        ],
      },
      {
        _id: 4,
        instock: [
          { warehouse: 'A', qty: 40 },
          { warehouse: 'B', qty: 5 },
        ],
      },
    ];
    expect(found({ instock: { warehouse: 'A', qty: 5 } }, documents)).toEqual([1]);
    expect(found({ instock: { qty: 5, warehouse: 'A' } }, documents)).toEqual([]);
    expect(found({ instock: { $elemMatch: { qty: 5, warehouse: 'A' } } }, documents)).toEqual([1]);
    expect(found({ 'instock.qty': 5, 'instock.warehouse': 'A' }, documents)).toEqual([1, 4]);
    expect(found({ instock: { $elemMatch: { qty: { $gt: 10, $lte: 20 } } } }, documents)).toEqual([1, 3]);
    expect(
      found(
        { instock: { $all: [{ $elemMatch: { qty: 5 } }, { $elemMatch: { warehouse: 'A' } }] } },
        documents,
      ),
    ).toEqual([1, 4]);
  });

  it('compare numbers of all types, and types only with themselves', () => {
    expect(test({ a: Decimal128.fromString('1.0') }, { a: Long.fromNumber(1) })).toBe(true);
    expect(
      test({ a: { $in: [Long.fromString('9007199254740993')] } }, { a: new Double(9007199254740992) }),
    ).toBe(false);
    expect(test({ a: { $gt: 1 } }, { a: 'z' })).toBe(false);
    expect(test({ a: { $lt: new Double(NaN) } }, { a: 1 })).toBe(false);
    expect(test({ a: { $gte: new Double(NaN) } }, { a: new Double(NaN) })).toBe(true);
    expect(test({ a: new ObjectId('0'.repeat(24)) }, { a: new ObjectId('0'.repeat(24)) })).toBe(true);
    expect(test({ a: { $type: 'number' } }, { a: new Int32(1) })).toBe(true);
    expect(test({ constructor: { $exists: true } }, {})).toBe(false);
    expect(test({ a: { $eq: { _bsontype: 'Long' } } }, { a: { _bsontype: 'Long' } })).toBe(true);
  });

  it('report the position for the operator $', () => {
    expect(position({ a: { $gte: 2 } }, { a: [1, 2, 3] })).toBe(1);
    expect(position({ 'a.b': 2 }, { a: [{ b: 1 }, { b: [1, 2] }] })).toBe(1);
    expect(position({ a: { $elemMatch: { x: 1, y: 2 } } }, { a: [{ x: 1 }, { x: 1, y: 2 }] })).toBe(1);
    expect(position({ x: 1, a: 3 }, { x: 1, a: [3] })).toBe(0);
    const reused = { position: 7 as number | undefined };
    compileFilter(parseFilter({ x: 1 }))({ x: 1 }, reused);
    expect(reused.position).toBeUndefined();
    expect(position({ a: { $ne: 9 } }, { a: [1] })).toBeUndefined();
    expect(position({ 'a.1': 2 }, { a: [1, 2] })).toBeUndefined();
  });

  it('evaluate $expr on the document', () => {
    expect(test({ $expr: { $gt: ['$spent', '$budget'] } }, { spent: 450, budget: 400 })).toBe(true);
    expect(test({ $expr: { $gt: ['$spent', '$budget'] } }, { spent: 1, budget: 400 })).toBe(false);
  });
});

describe('patterns', () => {
  it.each<[string, string, string, boolean]>([
    ['^ab', '', 'abc', true],
    ['b$', '', 'ab\n', true],
    ['^b', 'm', 'a\nb', true],
    ['a.c', '', 'a\nc', false],
    ['a.c', 's', 'a\nc', true],
    ['a.c', '', 'a\rc', true],
    ['A', 'i', 'xax', true],
    ['(?i)A', '', 'xax', true],
    ['a b # comment', 'x', 'ab', true],
    ['\\Aab\\z', '', 'ab\n', false],
    ['\\s', '', '\u00a0', false],
    ['[[:digit:]]+x', '', '12x', true],
    ['\\Qa.b\\E', '', 'a.b', true],
    ['a{,2}', '', 'a{,2}', true],
    ['[]a]', '', ']', true],
    ['^é', 'i', 'É', true],
  ])('/%s/%s on %j is %s', (pattern, options, text, expected) => {
    expect(test({ a: { $regex: pattern, $options: options } }, { a: text })).toBe(expected);
  });

  it('match in lists, equal patterns and prefixes', () => {
    expect(test({ a: { $in: [new BSONRegExp('^x'), 'y'] } }, { a: ['xa'] })).toBe(true);
    expect(test({ a: new BSONRegExp('^x', 'i') }, { a: new BSONRegExp('^x', 'i') })).toBe(true);
    expect(parseFilter({ a: /^ab\.c/ })).toMatchObject({
      op: 'regex',
      regex: { prefix: 'ab.c', prefixOnly: true },
    });
    expect(parseFilter({ a: /^abc*/ })).toMatchObject({ regex: { prefix: 'ab', prefixOnly: false } });
    expect(parseFilter({ a: /^ab|c/ })).toMatchObject({ regex: { prefix: undefined } });
    expect(parseFilter({ a: /^ab/i })).toMatchObject({ regex: { prefix: undefined } });
  });
});

describe('refusals', () => {
  it.each<[Doc, number]>([
    [{ $foo: 1 }, 2],
    [{ a: { $foo: 1 } }, 2],
    [{ a: { $gt: 1, b: 2 } }, 2],
    [{ $or: [] }, 2],
    [{ $and: {} }, 2],
    [{ $or: [1] }, 2],
    [{ a: { $in: 1 } }, 2],
    [{ a: { $in: [{ $gt: 1 }] } }, 2],
    [{ a: { $all: 1 } }, 2],
    [{ a: { $elemMatch: 1 } }, 2],
    [{ a: { $not: 1 } }, 2],
    [{ a: { $not: {} } }, 2],
    [{ a: { $ne: /x/ } }, 2],
    [{ a: { $gt: /x/ } }, 2],
    [{ a: { $mod: [0, 1] } }, 2],
    [{ a: { $mod: [1] } }, 2],
    [{ a: { $size: -1 } }, 9],
    [{ a: { $size: 'x' } }, 9],
    [{ a: { $type: 'foo' } }, 2],
    [{ a: { $type: [] } }, 9],
    [{ a: { $regex: 1 } }, 2],
    [{ a: { $options: 'i' } }, 2],
    [{ a: { $regex: 'x', $options: 'g' } }, 51108],
    [{ a: { $regex: '(' } }, 51091],
    [{ a: { $regex: 'a++' } }, 238],
    [{ $where: 'true' }, 238],
    [{ $text: { $search: 'x' } }, 238],
    [{ a: { $near: [1, 2] } }, 238],
    [{ $expr: { $foo: 1 } }, 168],
  ])('%j is error %d', (q, code) => {
    expect(() => compileFilter(parseFilter(q))).toThrow(expect.objectContaining({ code }));
  });
});

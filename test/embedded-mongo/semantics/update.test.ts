import { Decimal128, Double, Int32, Long, Timestamp } from 'bson';
import fc from 'fast-check';
import { compileUpdate, parseFilter, upsertDocument } from '../../../src/embedded-mongo/semantics';
import { path, smallDocument, smallValue } from './arbitraries';
import { kind, matches, order } from './oracle';

type Doc = Record<string, unknown>;

/** Frozen through and through: an update that changed its input would throw. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && (Array.isArray(value) || kind(value) === 'object')) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

const apply = (
  update: unknown,
  document: Doc,
  options: { position?: number; arrayFilters?: Doc[]; isInsert?: boolean; now?: Date } = {},
): Doc => compileUpdate(update, options).apply(frozen(document), options);
const plainly = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, v: unknown) => (v instanceof Double ? `double ${v.value}` : v)),
  ) as unknown;

/** What the manual says an operator does to the value of a field; `undefined` means no such field. */
function expectedValue(
  operator: string,
  operand: unknown,
  current: unknown,
  exists: boolean,
): { value?: unknown; remove?: boolean } | 'error' {
  const isArray = Array.isArray(current);
  switch (operator) {
    case '$set':
      return { value: operand };
    case '$unset':
      return exists ? { remove: true } : {};
    case '$min':
    case '$max': {
      const sign = operator === '$min' ? 1 : -1;
      return { value: !exists || sign * order(operand, current) < 0 ? operand : current };
    }
    case '$push':
      return exists && !isArray ? 'error' : { value: [...((current as unknown[]) ?? []), operand] };
    case '$addToSet': {
      if (exists && !isArray) return 'error';
      const array = (current as unknown[] | undefined) ?? [];
      return { value: array.some((v) => order(v, operand) === 0) ? array : [...array, operand] };
    }
    case '$pullAll':
      if (!exists) return {};
      return isArray
        ? { value: current.filter((v) => (operand as unknown[]).every((w) => order(v, w) !== 0)) }
        : 'error';
    case '$pop':
      if (!exists) return {};
      return isArray ? { value: operand === 1 ? current.slice(0, -1) : current.slice(1) } : 'error';
    default:
      throw new Error(operator);
  }
}

const CREATES = new Set(['$set', '$min', '$max', '$push', '$addToSet']);

/** The manual's rules for a path, on a deep copy: documents are made on the way, arrays are entered by position only. */
function expected(operator: string, parts: string[], operand: unknown, container: unknown): unknown {
  const [name = '', ...rest] = parts;
  const isArray = Array.isArray(container);
  if (!isArray && kind(container) !== 'object') return operator === '$unset' ? container : 'error';
  if (isArray && !/^\d+$/.test(name)) return operator === '$unset' ? container : 'error';
  const copy = (isArray ? [...container] : { ...(container as Doc) }) as Doc;
  const exists = Object.hasOwn(copy, name);
  if (rest.length > 0) {
    if (!exists && !CREATES.has(operator)) return container;
    const below = expected(operator, rest, operand, exists ? copy[name] : {});
    if (below === 'error') return 'error';
    return put(copy, name, below);
  }
  const result = expectedValue(operator, operand, copy[name], exists);
  if (result === 'error') return 'error';
  if (result.remove) {
    if (isArray) copy[name] = null;
    else Reflect.deleteProperty(copy, name);
    return copy;
  }
  return 'value' in result ? put(copy, name, result.value) : container;
}

function put(container: Doc, name: string, value: unknown): unknown {
  if (Array.isArray(container)) while (container.length < Number(name)) container.push(null);
  container[name] = value;
  return container;
}

describe('update operators', () => {
  const change = fc.oneof(
    fc.tuple(fc.constantFrom('$set', '$unset', '$min', '$max'), smallValue),
    fc.tuple(
      fc.constantFrom('$push', '$addToSet'),
      smallValue.filter((v) => kind(v) !== 'object'),
    ),
    fc.tuple(fc.constant('$pullAll'), fc.array(smallValue, { maxLength: 3 })),
    fc.tuple(fc.constant('$pop'), fc.constantFrom(1, -1)),
  );

  it('do what the plainly written rules say, and never touch the document given', () => {
    fc.assert(
      fc.property(smallDocument, path, change, (document, field, [operator, operand]) => {
        const wanted = expected(operator, field.split('.'), operand, document);
        const update = { [operator]: { [field]: operand } };
        if (wanted === 'error')
          expect(() => apply(update, document)).toThrow(
            expect.objectContaining({ code: expect.any(Number) }),
          );
        else expect(plainly(apply(update, document))).toEqual(plainly(wanted));
      }),
      { numRuns: 4000 },
    );
  });

  it('return the same object when nothing changes', () => {
    fc.assert(
      fc.property(smallDocument, (document) => {
        expect(apply({ $set: document, $unset: { zz: '' }, $pull: { zy: 1 } }, document)).toBe(document);
        expect(compileUpdate({ ...document }).apply(document)).toBe(document);
      }),
    );
    const document = { _id: 1, n: 1, a: [1] };
    const nothing = {
      $inc: { n: 0 },
      $addToSet: { a: Long.fromNumber(1) },
      $pop: { b: 1 },
      $rename: { c: 'd' },
    };
    expect(apply(nothing, document)).toBe(document);
    expect(apply({ $set: { n: Long.fromNumber(1) } }, document)).not.toBe(document);
  });

  it('add new fields in the order of their names', () => {
    expect(
      Object.keys(apply({ $set: { c: 1, a: 1, 'z.10': 1, 'z.9': 1 }, $inc: { b: 1 } }, { _id: 1 })),
    ).toEqual(['_id', 'a', 'b', 'c', 'z']);
  });

  it('keep the wider numeric type, and refuse to overflow 64 bits', () => {
    expect(apply({ $inc: { n: new Int32(1) } }, { n: new Int32(2147483647) })['n']).toEqual(
      Long.fromNumber(2147483648),
    );
    expect(apply({ $inc: { n: 1.5 } }, { n: new Int32(1) })['n']).toEqual(new Double(2.5));
    expect(
      apply({ $inc: { n: Decimal128.fromString('0.10') } }, { n: Decimal128.fromString('1.20') })['n'],
    ).toEqual(Decimal128.fromString('1.30'));
    expect(apply({ $mul: { n: Decimal128.fromString('3') } }, { n: new Double(0.1) })['n']).toEqual(
      Decimal128.fromString('0.300000000000000'),
    );
    expect(apply({ $mul: { n: Long.fromNumber(2) } }, {})['n']).toEqual(Long.fromNumber(0));
    expect(() => apply({ $inc: { n: 1 } }, { n: Long.MAX_VALUE })).toThrow(
      expect.objectContaining({ code: 2 }),
    );
  });

  // manual: "$push", "$pull", "$bit", "$rename", "$currentDate"
  it('give the results of the manual', () => {
    const quizzes = [
      { wk: 1, score: 10 },
      { wk: 2, score: 8 },
      { wk: 3, score: 5 },
      { wk: 4, score: 6 },
    ];
    const added = {
      $each: [
        { wk: 5, score: 8 },
        { wk: 6, score: 7 },
        { wk: 7, score: 6 },
      ],
      $sort: { score: -1 },
      $slice: 3,
    };
    expect(apply({ $push: { quizzes: added } }, { quizzes })).toEqual({
      quizzes: [
        { wk: 1, score: 10 },
        { wk: 2, score: 8 },
        { wk: 5, score: 8 },
      ],
    });
    expect(apply({ $push: { a: { $each: [20, 30], $position: -1 } } }, { a: [50, 60] })).toEqual({
      a: [50, 20, 30, 60],
    });
    expect(apply({ $push: { a: { $each: [], $slice: -2 } } }, { a: [1, 2, 3] })).toEqual({ a: [2, 3] });
    expect(
      apply(
        { $pull: { a: { $in: [1, 'x'] }, b: { score: 8, item: 'B' } } },
        {
          a: [1, 'x', 2],
          b: [
            { item: 'B', score: 8 },
            { item: 'C', score: 8 },
          ],
        },
      ),
    ).toEqual({ a: [2], b: [{ item: 'C', score: 8 }] });
    expect(
      apply(
        { $pull: { results: { answers: { $elemMatch: { q: 2, a: { $gte: 8 } } } } } },
        { results: [{ answers: [{ q: 2, a: 9 }] }, { answers: [{ q: 2, a: 6 }] }] },
      ),
    ).toEqual({ results: [{ answers: [{ q: 2, a: 6 }] }] });
    expect(apply({ $bit: { n: { and: new Int32(10) } } }, { n: new Int32(13) })['n']).toEqual(new Int32(8));
    expect(
      apply({ $rename: { 'name.last': 'name.family', no: 'x' } }, { name: { first: 'a', last: 'b' } }),
    ).toEqual({ name: { first: 'a', family: 'b' } });
    const now = new Date(5000);
    expect(apply({ $currentDate: { d: true, t: { $type: 'timestamp' } } }, {}, { now })).toEqual({
      d: now,
      t: new Timestamp({ t: 5, i: 1 }),
    });
    expect(apply({ $setOnInsert: { a: 1 }, $set: { b: 1 } }, {})).toEqual({ b: 1 });
  });

  it('write to the positions that $, $[] and $[id] mean', () => {
    expect(apply({ $set: { 'grades.$': 82 } }, { grades: [85, 80, 80] }, { position: 1 })).toEqual({
      grades: [85, 82, 80],
    });
    expect(apply({ $inc: { 'grades.$[]': 10 } }, { grades: [85, 82] })).toMatchObject({
      grades: [new Int32(95), new Int32(92)],
    });
    expect(
      apply(
        { $set: { 'g.$[e].mean': 100 } },
        { g: [{ grade: 80 }, { grade: 85 }] },
        { arrayFilters: [{ 'e.grade': { $gte: 85 } }] },
      ),
    ).toEqual({ g: [{ grade: 80 }, { grade: 85, mean: 100 }] });
    expect(
      apply(
        { $set: { 'g.$[].q.$[s]': 0 } },
        { g: [{ q: [10, 3] }, { q: [9] }] },
        { arrayFilters: [{ s: { $gte: 9 } }] },
      ),
    ).toEqual({ g: [{ q: [0, 3] }, { q: [0] }] });
    expect(apply({ $unset: { 'a.$[x]': '' } }, { a: [1, 2] }, { arrayFilters: [{ x: 2 }] })).toEqual({
      a: [1, null],
    });
  });

  it('replace, keeping _id first', () => {
    expect(Object.entries(apply({ b: 2 }, { _id: 1, a: 1 }))).toEqual([
      ['_id', 1],
      ['b', 2],
    ]);
    expect(Object.keys(apply({ b: 2, _id: new Double(1) }, { _id: 1, a: 1 }))).toEqual(['_id', 'b']);
  });
});

describe('upserts', () => {
  const upsert = (filter: Doc, update: Doc): Doc =>
    upsertDocument(parseFilter(filter), compileUpdate(update));

  it('begin with the equalities of the filter', () => {
    expect(
      upsert(
        { a: 1, 'b.c': { $eq: 2 }, d: { $gt: 3 }, $and: [{ e: 5 }], f: { $in: [6] }, g: { $in: [1, 2] } },
        { $set: { h: 8 }, $setOnInsert: { i: 9 } },
      ),
    ).toEqual({ a: 1, b: { c: 2 }, e: 5, f: 6, h: 8, i: 9 });
    expect(Object.keys(upsert({ a: 1, _id: 7 }, { $set: { b: 1 } }))[0]).toBe('_id');
    expect(upsert({ _id: 7, a: 1 }, { b: 1 })).toEqual({ _id: 7, b: 1 });
  });

  it('match the filter that made them', () => {
    const scalar = smallValue.filter(
      (v) => kind(v) !== 'object' && kind(v) !== 'undefined' && !Number.isNaN(Number(v)),
    );
    fc.assert(
      fc.property(scalar, scalar, (a, b) =>
        matches({ 'x.y': a, z: b }, upsert({ 'x.y': a, z: b }, { $set: { q: 1 } })),
      ),
    );
  });

  it('refuse filters that say two things', () => {
    expect(() => upsert({ $and: [{ a: 1 }, { a: 2 }] }, { $set: { b: 1 } })).toThrow(
      expect.objectContaining({ code: 54 }),
    );
    expect(() => upsert({ a: 1, 'a.b': 2 }, { $set: { b: 1 } })).toThrow(
      expect.objectContaining({ code: 54 }),
    );
    expect(() => upsert({ _id: 1 }, { $set: { _id: 2 } })).toThrow(expect.objectContaining({ code: 66 }));
    expect(() => upsert({ _id: 1 }, { _id: 2 })).toThrow(expect.objectContaining({ code: 66 }));
  });
});

describe('refusals', () => {
  it.each<[unknown, Doc, number]>([
    [{ $set: { a: 1 }, $inc: { a: 1 } }, {}, 40],
    [{ $set: { a: 1, 'a.b': 1 } }, {}, 40],
    [{ $set: { 'a.$[]': 1, 'a.0': 1 } }, { a: [1] }, 40],
    [{ $rename: { a: 'b' }, $set: { b: 1 } }, {}, 40],
    [{ $set: { _id: 2 } }, { _id: 1 }, 66],
    [{ $unset: { _id: '' } }, { _id: 1 }, 66],
    [{ _id: 2 }, { _id: 1 }, 66],
    [{ $inc: { a: 'x' } }, {}, 14],
    [{ $inc: { a: 1 } }, { a: 'x' }, 14],
    [{ $mul: { a: 1 } }, { a: null }, 14],
    [{ $pop: { a: 1 } }, { a: 1 }, 14],
    [{ $pop: { a: 2 } }, { a: [] }, 9],
    [{ $push: { a: 1 } }, { a: 1 }, 2],
    [{ $push: { a: { $each: 1 } } }, {}, 2],
    [{ $push: { a: { $each: [], $foo: 1 } } }, {}, 2],
    [{ $push: { a: { $each: [], $slice: 'x' } } }, {}, 2],
    [{ $push: { a: { $each: [], $sort: 2 } } }, {}, 2],
    [{ $pull: { a: 1 } }, { a: 1 }, 2],
    [{ $pullAll: { a: 1 } }, {}, 2],
    [{ $addToSet: { a: 1 } }, { a: 1 }, 2],
    [{ $addToSet: { a: { $each: 1 } } }, {}, 14],
    [{ $bit: { a: { and: 1.5 } } }, {}, 2],
    [{ $bit: { a: { and: 1 } } }, { a: 'x' }, 2],
    [{ $currentDate: { a: 'now' } }, {}, 2],
    [{ $rename: { a: 'a' } }, {}, 2],
    [{ $rename: { 'a.0': 'b' } }, { a: [1] }, 2],
    [{ $set: { 'a.b': 1 } }, { a: 1 }, 28],
    [{ $rename: { 'a.b': 'c' } }, { a: [{ b: 1 }] }, 28],
    [{ $rename: { 'a.b': 'c' } }, { a: 1 }, 28],
    [{ $pop: { 'a.b': 1 } }, { a: 1 }, 28],
    [{ $set: { 'a.b': 1 } }, { a: [1] }, 28],
    [{ $set: { '': 1 } }, {}, 56],
    [{ $set: { 'a..b': 1 } }, {}, 56],
    [{ $set: { $a: 1 } }, {}, 52],
    [{ a: 1, $set: { b: 1 } }, {}, 52],
    [{ $set: { a: 1 }, b: 1 }, {}, 9],
    [{ $foo: { a: 1 } }, {}, 9],
    [{ $set: 1 }, {}, 9],
    [{ $set: { 'a.$': 1 } }, { a: [1] }, 2],
    [{ $set: { '$.a': 1 } }, {}, 2],
    [{ $set: { 'a.$[]': 1 } }, {}, 2],
    [{ $set: { 'a.$[]': 1 } }, { a: 1 }, 2],
    [{ $set: { 'a.$[x]': 1 } }, { a: [1] }, 2],
    [[{ $set: { a: 1 } }], {}, 238],
  ])('%j on %j is error %d', (update, document, code) => {
    expect(() => apply(update, document)).toThrow(expect.objectContaining({ code }));
  });

  it('names array filters that are unused, doubled or no filters', () => {
    const set =
      (arrayFilters: Doc[]): (() => unknown) =>
      () =>
        apply({ $set: { 'a.$[x]': 1 } }, { a: [] }, { arrayFilters });
    expect(set([{ x: 1 }, { y: 1 }])).toThrow(expect.objectContaining({ code: 9 }));
    expect(set([{ x: 1 }, { x: 2 }])).toThrow(expect.objectContaining({ code: 9 }));
    expect(set([{ X: 1 }])).toThrow(expect.objectContaining({ code: 2 }));
    expect(set([{ x: 1, y: 1 }])).toThrow(expect.objectContaining({ code: 9 }));
  });

  it('says what MongoDB says', () => {
    expect(() => apply({ $set: { a: 1 }, $inc: { a: 1 } }, {})).toThrow(
      "Updating the path 'a' would create a conflict at 'a'",
    );
    expect(() => apply({ $set: { _id: 2 } }, { _id: 1 })).toThrow(
      "Performing an update on the path '_id' would modify the immutable field '_id'",
    );
  });
});

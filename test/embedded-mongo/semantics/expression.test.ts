import { Decimal128, Double, Int32, Long } from 'bson';
import type { Document } from '../../../src/embedded-mongo/semantics';
import { compileExpression } from '../../../src/embedded-mongo/semantics';

const NOW = new Date('2026-01-02T03:04:05.006Z');

const evaluate = (expression: unknown, root: Document = {}): unknown =>
  compileExpression(expression)({ root, variables: {}, now: NOW });
const json = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, v: unknown) =>
      v instanceof Int32 || v instanceof Double ? v.value : v instanceof Long ? v.toNumber() : v,
    ),
  ) as unknown;

describe('expressions', () => {
  it.each<[unknown, Document, unknown]>([
    ['$a.b', { a: [{ b: 1 }, { c: 1 }, 5, [{ b: 2 }]] }, [1]],
    [['$x', 1], {}, [null, 1]],
    [{ $cond: [{ $gte: ['$q', 250] }, 30, 20] }, { q: 300 }, 30],
    [{ $ifNull: ['$d', '$e', 'none'] }, { e: null }, 'none'],
    [
      { $switch: { branches: [{ case: { $lt: ['$a', 1] }, then: 'low' }], default: 'high' } },
      { a: 1 },
      'high',
    ],
    [{ $map: { input: '$a', as: 'x', in: { $add: ['$$x', 1] } } }, { a: [1, 2] }, [2, 3]],
    [{ $filter: { input: '$a', as: 'x', cond: { $gt: ['$$x', 1] }, limit: 1 } }, { a: [1, 2, 3] }, [2]],
    [{ $reduce: { input: ['a', 'b'], initialValue: '', in: { $concat: ['$$value', '$$this'] } } }, {}, 'ab'],
    [{ $let: { vars: { t: { $add: ['$p', 1] } }, in: { $multiply: ['$$t', 2] } } }, { p: 4 }, 10],
    [{ $size: { $setUnion: [['b', 'a'], ['a']] } }, {}, 2],
    [{ $arrayElemAt: ['$a', -1] }, { a: [1, 2, 3] }, 3],
    [{ $slice: [[1, 2, 3], 1, 2] }, {}, [2, 3]],
    [{ $in: ['x', '$a'] }, { a: ['x'] }, true],
    [{ $subtract: [3, 1.5] }, {}, 1.5],
    [{ $divide: [1, 4] }, {}, 0.25],
    [{ $mod: [-7, 3] }, {}, -1],
    [{ $add: ['$missing', 1] }, {}, null],
    [{ $round: [2.5] }, {}, 2],
    [{ $round: [2.345, 2] }, {}, 2.35],
    [{ $trunc: [-2.7] }, {}, -2],
    [{ $substrCP: ['héllo', 1, 2] }, {}, 'él'],
    [{ $toUpper: 'aé' }, {}, 'Aé'],
    [{ $split: ['a-b', '-'] }, {}, ['a', 'b']],
    [{ $trim: { input: ' x ' } }, {}, 'x'],
    [{ $replaceAll: { input: 'a.a', find: 'a', replacement: { $literal: '$&' } } }, {}, '$&.$&'],
    [{ $regexMatch: { input: 'ABC', regex: '^a', options: 'i' } }, {}, true],
    [{ $strcasecmp: ['abc', 'ABD'] }, {}, -1],
    [{ $toInt: '42' }, {}, 42],
    [{ $convert: { input: 'x', to: 'int', onError: 'bad' } }, {}, 'bad'],
    [{ $toString: { $toDate: '2020-02-29T00:00:00Z' } }, {}, '2020-02-29T00:00:00.000Z'],
    [{ $type: '$nope' }, {}, 'missing'],
    [
      { $dateToString: { date: '$$NOW', format: '%Y-%m-%d %H:%M:%S.%L %j %w %u %U %V %G %z %Z %%' } },
      {},
      '2026-01-02 03:04:05.006 002 6 5 00 01 2026 +0000 0 %',
    ],
    [
      { $dateToString: { date: '$$NOW', format: '%d %b %B %H', timezone: 'America/New_York' } },
      {},
      '01 Jan January 22',
    ],
    [{ $hour: { date: '$$NOW', timezone: '+05:30' } }, {}, 8],
    [
      { $toString: { $dateAdd: { startDate: { $toDate: '2024-01-31' }, unit: 'month', amount: 1 } } },
      {},
      '2024-02-29T00:00:00.000Z',
    ],
    [{ $objectToArray: { a: 1 } }, {}, [{ k: 'a', v: 1 }]],
    [
      {
        $eq: [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
      },
      {},
      false,
    ],
    [{ $gt: ['x', 1] }, {}, true],
    [{ $lt: ['$nope', null] }, {}, true],
    [{ $literal: '$x' }, { x: 1 }, '$x'],
    [{ $sortArray: { input: [3, 1, 2], sortBy: -1 } }, {}, [3, 2, 1]],
    [{ $max: [1, 5, null] }, {}, 5],
    [{ $avg: '$a' }, { a: [1, 2, 'x'] }, 1.5],
  ])('%j on %j is %j', (expression, document, expected) => {
    expect(json(evaluate(expression, document))).toEqual(expected);
  });

  it('keeps exact types', () => {
    expect(evaluate({ $multiply: [Long.fromString('4611686018427387904'), 2] })).toEqual(new Double(2 ** 63));
    expect(evaluate({ $add: [Decimal128.fromString('0.1'), new Int32(1)] })).toEqual(
      Decimal128.fromString('1.1'),
    );
    expect(evaluate({ $divide: [Decimal128.fromString('1'), new Int32(3)] })).toEqual(
      Decimal128.fromString('0.3333333333333333333333333333333333'),
    );
    expect(evaluate({ $toDecimal: 2.5 })).toEqual(Decimal128.fromString('2.50000000000000'));
    expect(evaluate({ $subtract: [NOW, new Date(0)] })).toEqual(Long.fromNumber(NOW.getTime()));
  });

  it.each<[unknown, number]>([
    [{ $add: ['x', 1] }, 14],
    [{ $divide: [1, 0] }, 2],
    [{ $mod: [1, 0] }, 16610],
    [{ $concat: ['a', 1] }, 16702],
    [{ $size: '$nope' }, 17124],
    [{ $in: [1, 2] }, 40081],
    [{ $toInt: 'x' }, 241],
    [{ $map: { input: 1, in: 1 } }, 16883],
    [{ $switch: { branches: [{ case: false, then: 1 }] } }, 40066],
    [{ $sin: 1 }, 238],
    [{ $foo: 1 }, 168],
    [{ $add: [1], $or: [] }, 15983],
    [{ $subtract: [1] }, 16020],
  ])('%j is error %d', (expression, code) => {
    expect(() => evaluate(expression)).toThrow(expect.objectContaining({ code }));
  });
});

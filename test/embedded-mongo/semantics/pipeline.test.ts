import { Decimal128, Double, Int32, Long } from 'bson';
import fc from 'fast-check';
import type { Document } from '../../../src/embedded-mongo/semantics';
import {
  compileFilter,
  compilePipeline,
  compileSort,
  runPipeline,
  Sorter,
} from '../../../src/embedded-mongo/semantics';
import { smallDocument } from './arbitraries';
import { order, sortValue } from './oracle';

const NOW = new Date('2026-01-02T03:04:05.006Z');

async function run(
  stages: unknown,
  input: Document[],
  others: Record<string, Document[]> = {},
  memoryLimit?: number,
): Promise<Document[]> {
  async function* batches(documents: Document[]): AsyncGenerator<Document[]> {
    for (let i = 0; i < documents.length; i += 2) yield documents.slice(i, i + 2);
  }
  const find = (
    collection: string,
    filter: Parameters<typeof compileFilter>[0],
  ): AsyncGenerator<Document[]> =>
    batches((others[collection] ?? []).filter((document) => compileFilter(filter)(document)));
  const out: Document[] = [];
  const context = { now: NOW, find, ...(memoryLimit === undefined ? {} : { memoryLimit }) };
  for await (const batch of runPipeline(compilePipeline(stages), batches(input), context)) out.push(...batch);
  return out;
}

const json = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, v: unknown) =>
      v instanceof Int32 || v instanceof Double ? v.value : v instanceof Long ? v.toNumber() : v,
    ),
  ) as unknown;

describe('stages (manual: Aggregation Stages)', () => {
  const sales = [
    { _id: 1, item: 'abc', price: 10, quantity: 2 },
    { _id: 2, item: 'jkl', price: 20, quantity: 1 },
    { _id: 3, item: 'xyz', price: 5, quantity: 10 },
    { _id: 4, item: 'xyz', price: 5, quantity: 20 },
    { _id: 5, item: 'abc', price: 10, quantity: 10 },
  ];

  it('$group and what follows it', async () => {
    const total = { $sum: { $multiply: ['$price', '$quantity'] } };
    expect(
      json(
        await run(
          [{ $group: { _id: '$item', total } }, { $match: { total: { $gte: 100 } } }, { $sort: { _id: 1 } }],
          sales,
        ),
      ),
    ).toEqual([
      { _id: 'abc', total: 120 },
      { _id: 'xyz', total: 150 },
    ]);
    const all = {
      $group: {
        _id: null,
        n: { $count: {} },
        avg: { $avg: '$quantity' },
        min: { $min: '$price' },
        max: { $max: '$item' },
        first: { $first: '$_id' },
        last: { $last: '$_id' },
        items: { $addToSet: '$item' },
        ids: { $push: '$_id' },
      },
    };
    expect(json(await run([all], sales))).toEqual([
      {
        _id: null,
        n: 5,
        avg: 8.6,
        min: 5,
        max: 'xyz',
        first: 1,
        last: 5,
        items: ['abc', 'jkl', 'xyz'],
        ids: [1, 2, 3, 4, 5],
      },
    ]);
    expect(json(await run([{ $sortByCount: '$item' }, { $limit: 2 }], sales))).toEqual([
      { _id: 'abc', count: 2 },
      { _id: 'xyz', count: 2 },
    ]);
    expect(json(await run([{ $match: { price: 5 } }, { $count: 'n' }], sales))).toEqual([{ n: 2 }]);
    expect(await run([{ $match: { price: 6 } }, { $count: 'n' }], sales)).toEqual([]);
  });

  it('groups equal numbers of all types together, and sums in the wider type', async () => {
    const input = [
      { k: 1, v: new Int32(2147483647) },
      { k: Long.fromNumber(1), v: new Int32(1) },
      { k: Decimal128.fromString('1.0') },
    ];
    expect(await run([{ $group: { _id: '$k', s: { $sum: '$v' } } }], input)).toEqual([
      { _id: 1, s: Long.fromNumber(2147483648) },
    ]);
    const tenths = Array.from({ length: 10 }, () => ({ v: new Double(0.1) }));
    expect(await run([{ $group: { _id: null, s: { $sum: '$v' } } }], tenths)).toEqual([
      { _id: null, s: new Double(1) },
    ]);
    expect(
      await run(
        [{ $group: { _id: null, a: { $avg: '$v' } } }],
        [{ v: Decimal128.fromString('1') }, { v: new Int32(2) }],
      ),
    ).toEqual([{ _id: null, a: Decimal128.fromString('1.5') }]);
  });

  it('shape documents', async () => {
    const document = { _id: 1, a: { b: 1, c: 2 }, list: [{ x: 1 }, { x: 2 }, 3] };
    expect(
      json(await run([{ $project: { 'a.b': 1, sum: { $add: ['$a.b', '$a.c'] } } }], [document])),
    ).toEqual([{ _id: 1, a: { b: 1 }, sum: 3 }]);
    expect(json(await run([{ $set: { 'a.c': 9, 'list.y': '$_id', n: { m: 1 } } }], [document]))).toEqual([
      { _id: 1, a: { b: 1, c: 9 }, list: [{ x: 1, y: 1 }, { x: 2, y: 1 }, { y: 1 }], n: { m: 1 } },
    ]);
    expect(json(await run([{ $unset: ['a', 'list.x'] }], [document]))).toEqual([
      { _id: 1, list: [{}, {}, 3] },
    ]);
    expect(json(await run([{ $unwind: '$list' }, { $skip: 1 }, { $limit: 1 }], [document]))).toEqual([
      { _id: 1, a: { b: 1, c: 2 }, list: { x: 2 } },
    ]);
    const sparse = [{ _id: 1, s: [] }, { _id: 2, s: null }, { _id: 3 }, { _id: 4, s: 'M' }];
    expect(await run([{ $unwind: '$s' }], sparse)).toEqual([{ _id: 4, s: 'M' }]);
    expect(
      await run(
        [{ $unwind: { path: '$s', preserveNullAndEmptyArrays: true, includeArrayIndex: 'i' } }],
        sparse,
      ),
    ).toEqual([
      { _id: 1, i: null },
      { _id: 2, s: null, i: null },
      { _id: 3, i: null },
      { _id: 4, s: 'M', i: null },
    ]);
    expect(
      await run([{ $replaceRoot: { newRoot: { $mergeObjects: [{ z: 0 }, '$a'] } } }], [document]),
    ).toEqual([{ z: 0, b: 1, c: 2 }]);
  });

  it('$lookup by equality and by pipeline, $facet', async () => {
    const inventory = [
      { _id: 1, sku: 'a', n: 1 },
      { _id: 2, sku: 'b', n: 2 },
      { _id: 3, sku: null },
      { _id: 4 },
    ];
    const ids = (documents: Document[]): unknown =>
      documents.map((d) => (d['as'] as Document[]).map((x) => x['_id']));
    const lookup = { from: 'inventory', localField: 'item', foreignField: 'sku', as: 'as' };
    expect(
      ids(
        await run([{ $lookup: lookup }], [{ item: 'a' }, {}, { item: ['a', 'b'] }, { item: /a/ }], {
          inventory,
        }),
      ),
    ).toEqual([[1], [3, 4], [1, 2], []]);
    const piped = {
      from: 'inventory',
      let: { least: '$min' },
      pipeline: [{ $match: { $expr: { $gte: ['$n', '$$least'] } } }, { $sort: { n: -1 } }],
      as: 'as',
    };
    expect(ids(await run([{ $lookup: piped }], [{ min: 1 }, { min: 2 }], { inventory }))).toEqual([
      [2, 1],
      [2],
    ]);
    const facets = {
      cheap: [{ $match: { price: { $lt: 10 } } }, { $count: 'n' }],
      first: [{ $limit: 1 }, { $project: { item: 1 } }],
    };
    expect(json(await run([{ $facet: facets }], sales))).toEqual([
      { cheap: [{ n: 2 }], first: [{ _id: 1, item: 'abc' }] },
    ]);
  });

  it.each<[unknown, number]>([
    [{}, 14],
    [[1], 14],
    [[{ $match: {}, $limit: 1 }], 40323],
    [[{ $foo: 1 }], 40324],
    [[{ $out: 'x' }], 238],
    [[{ $limit: 0 }], 15958],
    [[{ $skip: -1 }], 5107200],
    [[{ $sort: {} }], 15976],
    [[{ $group: { n: { $sum: 1 } } }], 15955],
    [[{ $group: { _id: 1, n: { $foo: 1 } } }], 15952],
    [[{ $group: { _id: 1, n: 1 } }], 40234],
    [[{ $project: {} }], 51272],
    [[{ $project: { a: { $foo: 1 } } }], 168],
    [[{ $project: { a: '$$nope' } }], 17276],
    [[{ $unwind: 'a' }], 28818],
    [[{ $count: '' }], 40157],
    [[{ $lookup: { from: 'x', as: 'y' } }], 9],
    [[{ $facet: {} }], 40169],
    [[{ $match: { $where: '1' } }], 238],
  ])('%j is error %d', (stages, code) => {
    expect(() => compilePipeline(stages)).toThrow(expect.objectContaining({ code }));
  });
});

describe('sorting in slices', () => {
  it('is stable, and keeps with a limit what sorting everything gives first', async () => {
    const context = {
      now: NOW,
      find: (): never => {
        throw new Error('no lookup');
      },
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(smallDocument, { maxLength: 40 }),
        fc.constantFrom(1, -1),
        fc.integer({ min: 1, max: 50 }),
        async (documents, direction, limit) => {
          const wanted = [...documents].sort(
            (x, y) => direction * order(sortValue(x, 'a', direction), sortValue(y, 'a', direction)),
          );
          for (const most of [limit, Infinity]) {
            const sorter = new Sorter(compileSort({ a: direction }), context, most);
            documents.forEach((document) => sorter.add(document));
            const out: Document[] = [];
            for await (const batch of sorter.sorted()) out.push(...batch);
            expect(out).toEqual(wanted.slice(0, most));
          }
        },
      ),
      { numRuns: 200 },
    );
    const many = Array.from({ length: 9000 }, (_, i) => ({ _id: i, k: (i * 7919) % 100 }));
    const out = await run([{ $sort: { k: 1 } }], many);
    const wanted = [...many].sort((a, b) => a.k - b.k || a._id - b._id);
    expect(out).toEqual(wanted);
    for (const most of [600, 700, 3])
      expect(await run([{ $sort: { k: 1 } }, { $limit: most }], many)).toEqual(wanted.slice(0, most));
  });

  it('stops with an error at the memory limit', async () => {
    const big = Array.from({ length: 100 }, (_, i) => ({ _id: i, text: 'x'.repeat(1000) }));
    for (const stages of [
      [{ $sort: { _id: -1 } }],
      [{ $group: { _id: '$_id', all: { $push: '$text' } } }],
      [{ $facet: { a: [] } }],
    ])
      await expect(run(stages, big, {}, 50_000)).rejects.toMatchObject({ code: 292 });
    expect(await run([{ $sort: { _id: -1 } }, { $limit: 1 }], big, {}, 50_000_000)).toHaveLength(1);
  });
});

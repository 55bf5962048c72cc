import { Double, Long } from 'bson';
import fc from 'fast-check';
import {
  compileProjection,
  compileSort,
  distinctCollector,
  parseFilter,
} from '../../../src/embedded-mongo/semantics';
import { smallDocument } from './arbitraries';
import { order, sortValue } from './oracle';

type Doc = Record<string, unknown>;
const project = (spec: Doc, document: Doc, filter?: Doc): [string, unknown][] =>
  Object.entries(compileProjection(spec, filter && parseFilter(filter)).apply(document));
const entries = (document: Doc): [string, unknown][] => Object.entries(document);

describe('projections', () => {
  const document = {
    _id: 1,
    item: 'journal',
    status: 'A',
    size: { h: 14, w: 21, uom: 'cm' },
    instock: [{ warehouse: 'A', qty: 5 }, { warehouse: 'C', qty: 15 }, 7],
  };

  // manual: "Project Fields to Return from Query"
  it('include and exclude fields, also in documents and arrays', () => {
    expect(project({ status: 1, item: 1 }, document)).toEqual(
      entries({ _id: 1, item: 'journal', status: 'A' }),
    );
    expect(project({ item: 1, _id: 0 }, document)).toEqual([['item', 'journal']]);
    expect(project({ status: 0, instock: 0, _id: 1 }, document)).toEqual(
      entries({ _id: 1, item: 'journal', size: document.size }),
    );
    expect(project({ 'size.uom': 1 }, document)).toEqual(entries({ _id: 1, size: { uom: 'cm' } }));
    expect(project({ size: { uom: 0, h: 0 }, instock: 0, item: 0, status: 0 }, document)).toEqual(
      entries({ _id: 1, size: { w: 21 } }),
    );
    expect(project({ 'instock.qty': 1 }, document)).toEqual(
      entries({ _id: 1, instock: [{ qty: 5 }, { qty: 15 }] }),
    );
    expect(project({ 'instock.qty': 0, size: 0, item: 0, status: 0 }, document)).toEqual(
      entries({ _id: 1, instock: [{ warehouse: 'A' }, { warehouse: 'C' }, 7] }),
    );
    expect(project({ 'item.x': 1 }, document)).toEqual([['_id', 1]]);
    expect(project({ _id: 1 }, document)).toEqual([['_id', 1]]);
    expect(project({}, document)).toEqual(entries(document));
  });

  it('slice, pick by $elemMatch and by position, and compute', () => {
    expect(project({ instock: { $slice: -1 } }, document)).toEqual(entries({ ...document, instock: [7] }));
    expect(project({ item: 1, instock: { $slice: [1, 1] } }, document)).toEqual(
      entries({ _id: 1, item: 'journal', instock: [document.instock[1]] }),
    );
    expect(project({ instock: { $elemMatch: { qty: { $gt: 5 } } }, status: 1 }, document)).toEqual(
      entries({ _id: 1, status: 'A', instock: [document.instock[1]] }),
    );
    expect(project({ instock: { $elemMatch: { qty: 99 } } }, document)).toEqual([['_id', 1]]);
    expect(project({ 'instock.$': 1 }, document, { 'instock.qty': 15 })).toEqual(
      entries({ _id: 1, instock: [document.instock[1]] }),
    );
    expect(project({ 'item.$': 1 }, document, { item: 'journal' })).toEqual(
      entries({ _id: 1, item: 'journal' }),
    );
    expect(project({ item: 1, label: { $concat: ['$item', '-', '$status'] } }, document)).toEqual(
      entries({ _id: 1, item: 'journal', label: 'journal-A' }),
    );
  });

  it.each<[Doc, Doc | undefined, number]>([
    [{ a: 1, b: 0 }, undefined, 31254],
    [{ a: 0, b: 1 }, undefined, 31253],
    [{ a: 1, 'a.b': 1 }, undefined, 31249],
    [{ 'a.b': 1, a: 1 }, undefined, 31250],
    [{ 'a.$': 1 }, undefined, 51050],
    [{ 'a.$': 1 }, { b: 1 }, 31277],
    [{ 'a.$': 1, 'b.$': 1 }, { a: 1, b: 1 }, 31276],
    [{ 'a.$': 0 }, { a: 1 }, 31395],
    [{ 'a.b': { $elemMatch: { c: 1 } } }, undefined, 31275],
    [{ a: { $elemMatch: 1 } }, undefined, 31274],
    [{ a: {} }, undefined, 51270],
    [{ a: { $slice: 'x' } }, undefined, 28667],
    [{ a: { $slice: [1, -1] } }, undefined, 28724],
    [{ a: { $meta: 'textScore' } }, undefined, 238],
    [{ 'a..b': 1 }, undefined, 15998],
  ])('%j with the query %j is error %d', (spec, filter, code) => {
    expect(() => compileProjection(spec, filter && parseFilter(filter))).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

describe('sorting', () => {
  const sorted = (spec: Doc, documents: Doc[]): Doc[] => {
    const { keyOf, compareKeys } = compileSort(spec);
    return [...documents].sort((a, b) => compareKeys(keyOf(a), keyOf(b)));
  };

  it('takes the least value of an array ascending, the greatest descending, missing as null', () => {
    fc.assert(
      fc.property(
        fc.array(smallDocument, { maxLength: 6 }),
        fc.constantFrom(1, -1),
        (documents, direction) => {
          const wanted = [...documents].sort(
            (x, y) => direction * order(sortValue(x, 'a', direction), sortValue(y, 'a', direction)),
          );
          expect(sorted({ a: direction }, documents)).toEqual(wanted);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('sorts by several fields and through arrays of documents', () => {
    const documents = [
      { _id: 1, a: [{ b: 5 }, { b: 1 }] },
      { _id: 2, a: { b: 2 } },
      { _id: 3 },
      { _id: 4, a: [{ b: 1 }], c: 1 },
      { _id: 5, a: [] },
    ];
    expect(sorted({ 'a.b': 1, c: -1 }, documents).map((d) => d['_id'])).toEqual([3, 5, 4, 1, 2]);
    expect(sorted({ 'a.b': -1 }, documents).map((d) => d['_id'])).toEqual([1, 2, 4, 3, 5]);
  });

  it('refuses other orders and parallel arrays', () => {
    expect(() => compileSort({ a: 2 })).toThrow(expect.objectContaining({ code: 15975 }));
    expect(() => compileSort({ a: 'x' })).toThrow(expect.objectContaining({ code: 15974 }));
    expect(() => compileSort({ a: 1, b: 1 }).keyOf({ a: [1], b: [1] })).toThrow(
      expect.objectContaining({ code: 2 }),
    );
  });
});

describe('distinct', () => {
  it('unwinds arrays, goes by position or through documents, and joins equal numbers', () => {
    const documents = [
      { a: [1, { b: 2 }] },
      { a: new Double(1) },
      { a: { b: [Long.fromNumber(2), 3] } },
      {},
      { a: null },
      { a: [[1, 2]] },
    ];
    const distinctValues = (path: string): unknown[] => {
      const collector = distinctCollector(path);
      documents.forEach(collector.add);
      return collector.values();
    };
    expect(distinctValues('a')).toEqual([1, { b: 2 }, { b: [Long.fromNumber(2), 3] }, null, [1, 2]]);
    expect(distinctValues('a.b')).toEqual([2, 3]);
    expect(distinctValues('a.0')).toEqual([1, 2]);
  });
});

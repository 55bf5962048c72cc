import fc from 'fast-check';
import { Changes, type Layer, type TableReader, withLayer } from '../../src/embedded-mongo/storage/changes';
import type { KeyRange } from '../../src/embedded-mongo/storage/chunk';
import type { View } from '../../src/embedded-mongo/storage/view';
import { scanRange } from '../../src/embedded-mongo/storage/view';

const key = (name: string): Buffer => Buffer.from(name, 'latin1');

/** A table as a sorted list: what LMDB does, in plain words. */
function tableOf(contents: ReadonlyMap<string, string>): TableReader {
  const names = [...contents.keys()].sort();
  const inside = (low: Buffer, high: Buffer): string[] =>
    names.filter((name) => name >= low.toString('latin1') && name < high.toString('latin1'));
  return {
    get: (_, wanted) => {
      const value = contents.get(wanted.toString('latin1'));
      return value === undefined ? undefined : key(value);
    },
    range: (_, { low, high, reverse, limit }) => {
      const all = inside(low, high);
      if (reverse) all.reverse();
      const entries = all
        .slice(0, limit)
        .map((name) => ({ key: key(name), value: key(contents.get(name) ?? '') }));
      return { entries, complete: entries.length < limit };
    },
    countKeys: (_, low, high, most) => {
      const all = inside(low, high);
      const next = all[most];
      return { count: Math.min(all.length, most), next: next === undefined ? undefined : key(next) };
    },
  };
}

/** Counts the names that are asked of it. */
function counted(layer: Layer): Layer & { asked: number } {
  const own = {
    asked: 0,
    get size() {
      return layer.size;
    },
    get: (name: string) => layer.get(name),
    *between(low: string, high: string, reverse: boolean) {
      for (const name of layer.between(low, high, reverse)) {
        own.asked++;
        yield name;
      }
    },
  };
  return own;
}

const names = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
const tables = fc.dictionary(names, fc.constantFrom('x', 'y'));
/** `hidden`: a change that the reader does not see yet. */
const changes = fc.array(fc.tuple(names, fc.constantFrom('new', 'removed', 'hidden')));

describe('changes over a table', () => {
  it('are read and counted as if they had been made in it', () => {
    fc.assert(
      fc.property(
        fc.record({
          table: tables,
          changes,
          low: names,
          high: names,
          reverse: fc.boolean(),
          most: fc.nat({ max: 9 }),
        }),
        ({ table, changes, low, high, reverse, most }) => {
          const expected = new Map<string, string>(Object.entries(table));
          const own = new Changes<{ value: Buffer | null }>();
          for (const [name, kind] of new Map(changes)) {
            own.set(name, { value: kind === 'removed' ? null : key(kind) });
            if (kind === 'new') expected.set(name, kind);
            else if (kind === 'removed') expected.delete(name);
          }
          const hidden = new Set(
            [...new Map(changes)].filter(([, kind]) => kind === 'hidden').map(([name]) => name),
          );
          const layer: Layer = {
            size: own.size,
            get: (name) => (hidden.has(name) ? undefined : own.get(name)),
            between: (from, to, backwards) => own.between(from, to, backwards),
          };
          const merged = withLayer(tableOf(new Map(Object.entries(table))), layer);
          const oracle = tableOf(expected);
          const range: KeyRange = { low: key(low), high: key(high), reverse, limit: 1_000 };
          const rows = [...scanRange(merged as View, 'documents', range.low, range.high, reverse)];
          expect(rows).toEqual(oracle.range('documents', range).entries);
          // In small chunks as well, each of which goes on behind the one before.
          expect(inChunks(merged, { ...range, limit: most + 1 })).toEqual(rows);
          expect(countInSteps(merged, range.low, range.high, most + 1)).toBe(rows.length);
        },
      ),
    );
  });

  it('are looked at no further than a chunk or a count goes', () => {
    const own = new Changes<{ value: Buffer | null }>();
    for (let i = 0; i < 10_000; i++) own.set(`k${String(i).padStart(5, '0')}`, { value: key('v') });
    const layer = counted(own);
    const merged = withLayer(tableOf(new Map([['k0', 'v']])), layer);
    const [low, high] = [key('k'), key('l')];
    expect(merged.range('documents', { low, high, limit: 10 }).entries).toHaveLength(10);
    expect(merged.range('documents', { low, high, limit: 10, reverse: true }).entries).toHaveLength(10);
    expect(merged.countKeys('documents', low, high, 10).count).toBeLessThanOrEqual(20);
    expect(layer.asked).toBeLessThan(50);
  });
});

function inChunks(table: TableReader, range: KeyRange): unknown[] {
  const rows = [];
  for (let { low, high } = range; ;) {
    const { entries, complete } = table.range('documents', { ...range, low, high });
    expect(entries.length).toBeLessThanOrEqual(range.limit);
    rows.push(...entries);
    const last = entries.at(-1);
    if (complete || last === undefined) return rows;
    if (range.reverse) high = last.key;
    else low = Buffer.concat([last.key, Buffer.from([0])]);
  }
}

function countInSteps(table: TableReader, low: Buffer, high: Buffer, most: number): number {
  let sum = 0;
  for (let from: Buffer | undefined = low; from !== undefined;) {
    const { count, next } = table.countKeys('documents', from, high, most);
    sum += count;
    from = next;
  }
  return sum;
}

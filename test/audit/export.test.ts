import fc from 'fast-check';
import { join } from 'node:path';
import type { Bundle } from '@medplum/fhirtypes';
import type { Format } from '../../src/audit';
import { draft, exportTo, openHouse, verifyText, type House } from './house';

const FORMATS = ['bundle', 'ndjson', 'csv'] as const;

/** The lines of an export that hold one event each: index of the first, and the lines. */
function eventLines(text: string, format: Format): { lines: string[]; first: number; count: number } {
  const lines = text.split(/(?<=\n)/);
  const first = format === 'ndjson' ? 0 : 1;
  const count = lines.filter((line) => line.includes('AuditEvent')).length;
  return { lines, first, count };
}

/** Swaps two event lines; in a Bundle the comma stays with the place. */
function swapped(lines: readonly string[], a: number, b: number): string[] {
  const bare = (line = ''): string => line.replace(/,?\r?\n$/, '');
  const ending = (line = ''): string => line.slice(bare(line).length);
  return lines.map((line, i) =>
    i === a ? bare(lines[b]) + ending(line) : i === b ? bare(lines[a]) + ending(line) : line,
  );
}

describe('an export', () => {
  let house: House;
  const texts = {} as Record<Format, string>;
  const filtered = {} as Record<Format, string>;
  const ids: string[] = [];
  beforeAll(async () => {
    house = await openHouse();
    const drafts = Array.from({ length: 24 }, (_, i) =>
      draft({
        patients: [`p${i % 4}`],
        resources: [`Patient/p${i % 4}`],
        details: [{ type: 'why', value: `Ünïcode "${i}", =1+1\nline` }],
      }),
    );
    ids.push(...drafts.map(({ id }) => id));
    for (const one of drafts) await house.audit.trail.record(one);
    for (const format of FORMATS) {
      texts[format] = await exportTo(house.audit, join(house.folder, format), format);
      filtered[format] = await exportTo(house.audit, join(house.folder, format), format, { patient: 'p2' });
    }
  });
  afterAll(() => house.close());

  describe.each(FORMATS)('as %s', (format) => {
    it('verifies, whole and filtered', async () => {
      expect(await verifyText(house.folder, texts[format])).toMatchObject({ ok: true, events: 24, wrong: 0 });
      expect(await verifyText(house.folder, filtered[format])).toMatchObject({
        ok: true,
        events: 6,
        wrong: 0,
      });
    });

    it('is refused after any one byte of an event has changed, and names the event', async () => {
      for (const text of [texts[format], filtered[format]]) {
        const { lines, first, count } = eventLines(text, format);
        const bytes = Buffer.from(text);
        const starts = lines.map((_, i) => Buffer.byteLength(lines.slice(0, i).join('')));
        await fc.assert(
          fc.asyncProperty(
            fc.nat(count - 1),
            fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
            fc.integer({ min: 1, max: 255 }),
            async (which, where, change) => {
              const start = starts[first + which] ?? 0;
              const line = (lines[first + which] ?? '').replace(/,?\r?\n$/, '');
              const at = start + Math.floor(where * Buffer.byteLength(line));
              const altered = Buffer.from(bytes);
              altered[at] = (altered[at] ?? 0) ^ change;
              const verdict = await verifyText(house.folder, altered);
              expect(verdict.ok).toBe(false);
              if (verdict.manifest !== undefined) expect(verdict.findings[0]?.position).toBe(which + 1);
            },
          ),
          { numRuns: 60 },
        );
      }
    });

    it('says which event is missing', async () => {
      for (const text of [texts[format], filtered[format]]) {
        const { lines, first, count } = eventLines(text, format);
        for (let gone = 0; gone < count; gone += 1) {
          const verdict = await verifyText(house.folder, lines.filter((_, i) => i !== first + gone).join(''));
          const id = ids.find((candidate) => lines[first + gone]?.includes(candidate));
          expect(verdict).toMatchObject({ ok: false, findings: [{ how: 'missing', id }] });
        }
      }
    });

    it('says which event is out of order', async () => {
      const { lines, first, count } = eventLines(texts[format], format);
      await fc.assert(
        fc.asyncProperty(fc.nat(count - 1), fc.nat(count - 1), async (a, b) => {
          fc.pre(a < b);
          const verdict = await verifyText(house.folder, swapped(lines, first + a, first + b).join(''));
          expect(verdict).toMatchObject({
            ok: false,
            wrong: 1,
            findings: [{ how: 'out of order', id: ids[b], instead: ids[a] }],
          });
        }),
        { numRuns: 30 },
      );
    });

    it('says which event is added', async () => {
      const { lines, first } = eventLines(texts[format], format);
      const copy = lines[first + 3] ?? '';
      const twice = [...lines.slice(0, first + 8), copy, ...lines.slice(first + 8)].join('');
      expect(await verifyText(house.folder, twice)).toMatchObject({
        ok: false,
        findings: [{ how: 'added' }],
      });
      const forged = [
        ...lines.slice(0, first + 8),
        copy.replaceAll(ids[3] ?? '', 'forged-1'),
        ...lines.slice(first + 8),
      ].join('');
      expect(await verifyText(house.folder, forged)).toMatchObject({
        ok: false,
        findings: [{ how: 'added', id: 'forged-1' }],
      });
    });
  });

  it('does not verify with an event of the log that the filter left out', async () => {
    const { lines } = eventLines(texts.ndjson, 'ndjson');
    const selected = eventLines(filtered.ndjson, 'ndjson').lines;
    const verdict = await verifyText(
      house.folder,
      [...selected.slice(0, 2), lines[3] ?? '', ...selected.slice(2)].join(''),
    );
    expect(verdict.ok).toBe(false);
    expect(verdict.findings).toContainEqual(expect.objectContaining({ how: 'added', position: 3 }));
  });

  it('verifies as a Bundle that another program has written anew', async () => {
    const bundle = JSON.parse(texts.bundle) as Bundle;
    expect(await verifyText(house.folder, JSON.stringify(bundle, null, 2))).toMatchObject({
      ok: true,
      events: 24,
    });
    bundle.entry?.splice(5, 1);
    expect(await verifyText(house.folder, JSON.stringify(bundle))).toMatchObject({
      findings: [{ how: 'missing', id: ids[5] }],
    });
  });

  it('is refused with anything forged around its events', async () => {
    const entry = `"entry":[{"resource":{"resourceType":"AuditEvent","id":"forged"}}]`;
    const { bundle, csv } = texts;
    for (const forged of [
      bundle.replace('],"signature"', `],${entry},"signature"`),
      bundle.replace(/\}\s*$/, `,${entry}}`),
      bundle.replace('"entry":[', `${entry},"entry":[`),
      bundle.replace('"entry":[', '"total":3,"entry":['),
      bundle.replace('"timestamp":"2', '"timestamp":"1'),
      bundle.replace('"when":"2', '"when":"1'),
      bundle.replace(/"data":"(.{20})/, '"data":"$1!'),
      JSON.stringify({ ...(JSON.parse(bundle) as Bundle), type: 'history' }),
      bundle + bundle,
      `${bundle}more`,
      csv.replace('"action","outcome"', '"outcome","action"'),
    ]) {
      expect(await verifyText(house.folder, forged)).toMatchObject({ ok: false });
    }
    const { manifest } = await verifyText(house.folder, bundle);
    const damaged = [manifest?.format, 'e30', null].map((format) => JSON.stringify({ format, keys: [null] }));
    for (const payload of damaged) {
      const jws = ['{"kid":"x"}', payload, 'x'].map((part) => Buffer.from(part).toString('base64url'));
      const data = Buffer.from(jws.join('.')).toString('base64');
      const text = bundle.replace(/"data":"[^"]+/, `"data":"${data}`);
      expect((await verifyText(house.folder, text)).problem).toMatch(/^the manifest /);
    }
  });

  it('is not believed with a manifest signed by another key', async () => {
    const stranger = await openHouse();
    try {
      await stranger.audit.trail.record(draft());
      const theirs = JSON.parse(
        await exportTo(stranger.audit, join(stranger.folder, 'x'), 'bundle'),
      ) as Bundle;
      const ours = { ...(JSON.parse(texts.bundle) as Bundle), signature: theirs.signature };
      expect((await verifyText(house.folder, JSON.stringify(ours))).ok).toBe(false);
    } finally {
      await stranger.close();
    }
  });
});

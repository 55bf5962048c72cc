import { join } from 'node:path';
import { draft, exportTo, openHouse, verifyText, type House } from './house';

describe('an export', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse();
    await Promise.all(Array.from({ length: 40 }, (_, i) => house.audit.trail.record(draft({ patients: [`p${i % 4}`], resources: [`Patient/p${i % 4}`] }))));
  });
  afterAll(() => house.close());

  it.each(['bundle', 'ndjson', 'csv'] as const)('as %s verifies', async (format) => {
    const text = await exportTo(house.audit, join(house.folder, format), format);
    const verdict = await verifyText(house.folder, text);
    expect(verdict).toMatchObject({ ok: true, events: 40, wrong: 0 });
  });
});

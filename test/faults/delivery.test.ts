import { runDeliveryFaults } from './delivery';

/** The short form of `npm run test:faults`. */
test('nothing acknowledged is lost, doubled in the record or told out of order when processes are killed', async () => {
  const report = await runDeliveryFaults({ kills: 3 });
  expect(report.faults).toEqual([]);
  expect(report.acknowledged.fhir).toBeGreaterThan(0);
  expect(report.acknowledged.handoffrx).toBeGreaterThan(0);
  expect(report.acknowledged.dermifi).toBeGreaterThan(0);
  expect(report.expected).toBeGreaterThan(0);
}, 240_000);

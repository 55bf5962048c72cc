/** `npm run test:faults [-- KILLS]`: kills processes with SIGKILL under load and counts what came of it. */
import { runDeliveryFaults } from './delivery';
import { runEmbeddedFaults } from './embedded';

const kills = Number(process.argv[2] ?? 60);

async function main(): Promise<void> {
  const say = (what: string) => (done: number) => process.stderr.write(`\r${what}: ${done} kills `);
  const embedded = await runEmbeddedFaults({ kills, onKill: say('database') });
  const one = await runDeliveryFaults({
    kills: Math.ceil(kills / 2),
    workers: 1,
    onKill: say('one process'),
  });
  const three = await runDeliveryFaults({
    kills: Math.ceil(kills / 2),
    workers: 3,
    onKill: say('three processes'),
  });
  process.stderr.write('\n');
  process.stdout.write(
    `${JSON.stringify({ embedded, delivery: { 'one process': one, 'three processes': three } }, null, 2)}\n`,
  );
  process.exit([embedded, one, three].every(({ faults }) => faults.length === 0) ? 0 : 1);
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
  process.exit(1);
});

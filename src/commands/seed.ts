import type { Command } from 'commander';
import { credentialsFile, isEmpty, seedDemonstration } from '../demo';
import { ProblemError } from '../fhir';
import type { House } from '../house';
import { print } from './print';

/** `seed demo`: the demonstration, into an empty store. */
export function registerSeedCommand(program: Command, openHouse: () => Promise<House>): void {
  program
    .command('seed')
    .description('Fill an empty store')
    .command('demo')
    .description('Practices, directory, patients, users and keys to try things with')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const house = await openHouse();
      try {
        if (!(await isEmpty(house)))
          throw new ProblemError(
            'conflict',
            'The store is not empty; the demonstration goes into an empty one only.',
          );
        const credentials = await seedDemonstration(house);
        print(
          json === true ? credentials : { seeded: true, credentials: credentialsFile(house.config.dataDir) },
          { json },
        );
      } finally {
        await house.drain();
        await house.close();
      }
    });
}

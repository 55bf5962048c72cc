import type { Command } from 'commander';
import type { House } from '../house';
import { reindex } from '../store';
import { print } from './print';

/** `reindex`: makes the search index of every resource anew, after a change of search parameters. */
export function registerDatabaseCommands(program: Command, openHouse: () => Promise<House>): void {
  program
    .command('reindex')
    .description('Make the search index anew; the server may run meanwhile')
    .argument('[type...]', 'resource types; all by default')
    .option('--json', 'print JSON')
    .action(async (types: string[], { json }: { json?: boolean }) => {
      const house = await openHouse();
      try {
        const resources: Record<string, number> = {};
        for (const type of await house.connection.typesInUse()) {
          if (types.length > 0 && !types.includes(type)) continue;
          resources[type] = await reindex({ connection: house.connection, type });
        }
        print({ resources }, { json });
      } finally {
        await house.close();
      }
    });
}

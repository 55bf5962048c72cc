import type { Command } from 'commander';
import { print } from '../print';
import { audited, inHouse, type OpenHouse } from './house';

/** `practice create|list`: decisions, "Commands and files". */
export function registerPracticeCommands(program: Command, openHouse: OpenHouse): void {
  const practice = program
    .command('practice')
    .description('Practices: the organizations that use this deployment');

  practice
    .command('create')
    .description('Make a practice; one of that name is kept as it is')
    .requiredOption('--name <name>', 'name of the practice')
    .option('--json', 'print JSON')
    .action(async ({ name, json }: { name: string; json?: boolean }) => {
      const made = await inHouse(openHouse, ({ identity, trail }) =>
        audited(trail, { action: 'C', command: 'practice create', details: { name } }, async () => {
          const result = await identity.practices.create(name);
          return { result, details: { practice: result.id } };
        }),
      );
      print(made, { json });
    });

  practice
    .command('list')
    .description('All practices, by name')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      print(await inHouse(openHouse, ({ identity }) => identity.practices.list()), { json });
    });
}

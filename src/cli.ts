import { Command, CommanderError } from 'commander';
import { registerAuditCommands } from './commands/audit';
import { registerDatabaseCommands } from './commands/database';
import { registerIdentityCommands } from './commands/identity';
import { registerImportCommand } from './commands/import';
import { registerSeedCommand } from './commands/seed';
import { registerWebhookCommands } from './commands/webhooks';
import { readConfig, StartError } from './config';
import { ProblemError } from './fhir/problem';
import type { House } from './house';

/** `npm run -s crosswalk -- <command>`: the operator's commands; they work while the server runs and while it does not. */
async function main(): Promise<void> {
  const program = new Command('crosswalk');
  program.description('Operate a Crosswalk server.').exitOverride();
  const open = async (): Promise<House> => {
    // The house is opened only by commands that need it: `audit verify` runs without any.
    const { openHouse } = await import('./house.js');
    // Commands are nobody's requests.
    return openHouse({ ...readConfig(process.env), traces: undefined });
  };
  const openNarrow = async () => {
    const house = await open();
    return { ...house, trail: house.audit.trail };
  };
  registerIdentityCommands(program, openNarrow);
  registerWebhookCommands(program, open);
  registerImportCommand(program, open);
  registerAuditCommands(program, openNarrow);
  registerSeedCommand(program, open);
  registerDatabaseCommands(program, open);
  await program.parseAsync(process.argv);
}

main().then(
  () => process.exit(process.exitCode ?? 0),
  (error: unknown) => {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 1); // it has printed its line
    const known = error instanceof StartError || error instanceof ProblemError || error instanceof Error;
    process.stderr.write(`${(known ? error.message : String(error)).replace(/\s*\n\s*/g, ' ')}\n`);
    process.exit(1);
  },
);

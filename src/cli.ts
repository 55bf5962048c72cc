import { Command, CommanderError } from 'commander';
import { messageOf } from './commands/failure';
import { readConfig } from './config';
import type { House } from './house';

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

/** The groups of commands by the first words that lead to them. Half of a command's time goes into loading code. */
const GROUPS: readonly { words: readonly string[]; register(program: Command): Promise<void> }[] = [
  {
    words: ['practice', 'key', 'user', 'provider', 'client'],
    register: async (program) =>
      (await import('./commands/identity/index.js')).registerIdentityCommands(program, openNarrow),
  },
  {
    words: ['webhook'],
    register: async (program) =>
      (await import('./commands/webhooks.js')).registerWebhookCommands(program, open),
  },
  {
    words: ['import'],
    register: async (program) =>
      (await import('./commands/import/index.js')).registerImportCommand(program, open),
  },
  {
    words: ['audit'],
    register: async (program) =>
      (await import('./commands/audit/index.js')).registerAuditCommands(program, openNarrow),
  },
  {
    words: ['seed'],
    register: async (program) => (await import('./commands/seed.js')).registerSeedCommand(program, open),
  },
  {
    words: ['db', 'backup', 'restore', 'migrate', 'reindex'],
    register: async (program) =>
      (await import('./commands/database.js')).registerDatabaseCommands(program, open),
  },
];

/** `npm run -s crosswalk -- <command>`: the operator's commands; they work while the server runs and while it does not. */
async function main(): Promise<void> {
  const program = new Command('crosswalk');
  program.description('Operate a Crosswalk server.').exitOverride();
  const asked = GROUPS.filter(({ words }) => words.includes(process.argv[2] ?? ''));
  // Help, and what nobody knows, want to see them all.
  for (const { register } of asked.length > 0 ? asked : GROUPS) await register(program);
  await program.parseAsync(process.argv);
}

main().then(
  () => process.exit(process.exitCode ?? 0),
  (error: unknown) => {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 1); // it has printed its line
    process.stderr.write(`${messageOf(error).replace(/\s*\n\s*/g, ' ')}\n`);
    process.exit(1);
  },
);

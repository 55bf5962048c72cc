import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { ProblemError } from '../../fhir';
import { print } from '../print';
import { audited, inHouse, type OpenHouse } from './house';

interface CreateOptions {
  name: string;
  scope: string;
  practice?: string;
  jwks?: string;
  jwksUrl?: string;
  json?: boolean;
}

/** `client create|list|disable`: decisions, "Commands and files". */
export function registerClientCommands(program: Command, openHouse: OpenHouse): void {
  const client = program.command('client').description('OAuth clients of the FHIR endpoint');

  client
    .command('create')
    .description('Make a client; its secret is shown this once')
    .requiredOption('--name <name>', 'name of the system')
    .requiredOption('--scope <scope>', 'SMART scopes, separated by spaces: "system/*.rs system/Task.u"')
    .option('--practice <practice>', 'name or id; without one the client sees the whole deployment')
    .option('--jwks <file>', 'file with its public keys, for signed assertions instead of a secret')
    .option('--jwks-url <url>', 'address of its public keys')
    .option('--json', 'print JSON')
    .action(async ({ jwks, json, ...options }: CreateOptions) => {
      const request = { ...options, ...(jwks !== undefined && { jwks: await readKeys(jwks) }) };
      const { name, scope, practice } = options;
      const made = await inHouse(openHouse, ({ identity, trail }) =>
        audited(
          trail,
          { action: 'C', command: 'client create', details: { name, scope, practice } },
          async () => {
            const result = await identity.clients.create(request);
            return { result, details: { client: result.clientId } };
          },
        ),
      );
      print(made, { json });
    });

  client
    .command('list')
    .description('All clients, by name')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      print(await inHouse(openHouse, ({ identity }) => identity.clients.list()), { json });
    });

  client
    .command('disable')
    .description('Give a client no more tokens')
    .argument('<id>', 'id of the client')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: { json?: boolean }) => {
      const disabled = await inHouse(openHouse, ({ identity, trail }) =>
        audited(trail, { action: 'U', command: 'client disable', details: { client: id } }, async () => ({
          result: await identity.clients.disable(id),
        })),
      );
      print(disabled, { json });
    });
}

async function readKeys(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    throw new ProblemError('invalid', `The key set ${file} cannot be read.`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ProblemError('invalid', `The key set ${file} is not JSON.`);
  }
}

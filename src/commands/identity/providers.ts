import type { Command } from 'commander';
import { randomUUID } from 'node:crypto';
import {
  PROVIDER_STATUSES,
  type ProviderStanding,
  providerStandings,
  type ProviderStatus,
  verifyProvider,
} from '../../clinicians';
import { ProblemError } from '../../fhir';
import { operatorName } from '../../operator';
import { EVERYTHING } from '../../store';
import { print } from '../print';
import { audited, type House, inHouse, type OpenHouse } from './house';

interface Options {
  practice?: string;
  json?: boolean;
}

/** `provider list|verify`: decisions, "Providers". */
export function registerProviderCommands(program: Command, openHouse: OpenHouse): void {
  const provider = program
    .command('provider')
    .description('Providers of practices, and who waits for verification');

  provider
    .command('list')
    .description('All providers with what was found of their numbers, by name')
    .option('--practice <practice>', 'of one practice, by name or id')
    .option('--status <status>', PROVIDER_STATUSES.join(', '))
    .option('--json', 'print JSON')
    .action(async ({ practice, status, json }: Options & { status?: string }) => {
      const wanted = status === undefined ? {} : { status: statusNamed(status) };
      const rows = await inHouse(openHouse, async (house) =>
        providerStandings(house.store, { ...(await practiceIn(house, practice)), ...wanted }),
      );
      print(rows, { json });
    });

  provider
    .command('verify')
    .description('Make a provider active who waits for verification')
    .argument('<id>', 'id of the provider: prov_...')
    .option('--practice <practice>', 'name or id; without one at every practice where the provider waits')
    .option('--json', 'print JSON')
    .action(async (id: string, { practice, json }: Options) => {
      const change = {
        action: 'U',
        command: 'provider verify',
        details: { provider: id, practice },
      } as const;
      const rows = await inHouse(openHouse, (house) =>
        audited(house.trail, change, async () => ({ result: await verify(house, id, practice) })),
      );
      print(rows, { json });
    });
}

/** The id with its prefix, as lists show it, or without. */
async function verify(house: House, id: string, practice: string | undefined): Promise<ProviderStanding[]> {
  const name = operatorName();
  const author = { id: 'command', name, kind: 'system' as const };
  const requestId = `cmd_${randomUUID().replaceAll('-', '')}`;
  return verifyProvider(house.store, {
    ...(await practiceIn(house, practice)),
    id: id.replace(/^prov_/, ''),
    by: { id: 'command', name },
    at: new Date(),
    context: { viewer: EVERYTHING, requestId, author },
  });
}

async function practiceIn({ identity }: House, named: string | undefined): Promise<{ practice?: string }> {
  return named === undefined ? {} : { practice: (await identity.practices.get(named)).id };
}

function statusNamed(status: string): ProviderStatus {
  const known = PROVIDER_STATUSES.find((one) => one === status);
  if (known === undefined)
    throw new ProblemError('invalid', `--status takes ${PROVIDER_STATUSES.join(', ')}.`);
  return known;
}

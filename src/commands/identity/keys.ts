import type { Command } from 'commander';
import { ProblemError } from '../../fhir';
import { KEY_SCOPES, PLANS } from '../../identity';
import { print } from '../print';
import { audited, inHouse, type OpenHouse } from './house';

interface CreateOptions {
  practice: string;
  plan: string;
  scopes: string;
  expires?: string;
  json?: boolean;
}

/** `key create|list|revoke|rotate`: decisions, "Commands and files". */
export function registerKeyCommands(program: Command, openHouse: OpenHouse): void {
  const key = program.command('key').description('API keys of the HandoffRx API');
  registerCreate(key, openHouse);

  key
    .command('list')
    .description('All keys with their last use; never the keys themselves')
    .option('--practice <practice>', 'of one practice, by name or id')
    .option('--json', 'print JSON')
    .action(async ({ practice, json }: { practice?: string; json?: boolean }) => {
      const keys = await inHouse(openHouse, async ({ identity }) =>
        identity.keys.list(practice === undefined ? undefined : (await identity.practices.get(practice)).id),
      );
      print(keys, { json });
    });

  key
    .command('revoke')
    .description('End a key at once')
    .argument('<id>', 'id of the key')
    .option('--json', 'print JSON')
    .action(async (id: string, { json }: { json?: boolean }) => {
      const revoked = await inHouse(openHouse, ({ identity, trail }) =>
        audited(trail, { action: 'D', command: 'key revoke', details: { key: id } }, async () => ({
          result: await identity.keys.revoke(id),
        })),
      );
      print(revoked, { json });
    });

  key
    .command('rotate')
    .description('Make a new key with the same rights; the old one is good until the overlap ends')
    .argument('<id>', 'id of the key')
    .option('--overlap <time>', 'how long both are good: 30m, 24h, 7d', '24h')
    .option('--json', 'print JSON')
    .action(async (id: string, { overlap, json }: { overlap: string; json?: boolean }) => {
      const overlapMs = milliseconds(overlap);
      const made = await inHouse(openHouse, ({ identity, trail }) =>
        audited(trail, { action: 'U', command: 'key rotate', details: { key: id, overlap } }, async () => {
          const result = await identity.keys.rotate(id, { overlapMs });
          return { result, details: { successor: result.id } };
        }),
      );
      print({ id: made.id, apiKey: made.apiKey }, { json });
    });
}

function registerCreate(key: Command, openHouse: OpenHouse): void {
  key
    .command('create')
    .description('Make a key; it is shown this once')
    .requiredOption('--practice <practice>', 'name or id of the practice')
    .requiredOption('--plan <plan>', PLANS.join(', '))
    .requiredOption('--scopes <scopes>', `of ${KEY_SCOPES.join(', ')}, separated by commas`)
    .option('--expires <date>', 'last day (2027-01-31) or moment (2027-01-31T12:00:00Z)')
    .option('--json', 'print JSON')
    .action(async ({ practice, plan, scopes, expires, json }: CreateOptions) => {
      const request = {
        practice,
        plan,
        scopes: scopes.split(/[\s,]+/).filter((each) => each !== ''),
        ...(expires !== undefined && { expiresAt: expiryOf(expires) }),
      };
      const made = await inHouse(openHouse, ({ identity, trail }) =>
        audited(
          trail,
          { action: 'C', command: 'key create', details: { practice, plan, scopes, expires } },
          async () => {
            const result = await identity.keys.create(request);
            return { result, details: { key: result.id } };
          },
        ),
      );
      print(made, { json });
    });
}

/** A date without a time is the key's last day, in UTC. */
function expiryOf(text: string): Date {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const date = new Date(day ? `${text}T24:00:00Z` : text);
  if (Number.isNaN(date.getTime()) || !isOfCalendar(text))
    throw new ProblemError('invalid', `"${text}" is no date such as 2027-01-31.`);
  return date;
}

/** Date takes the 30th of February as the 2nd of March. */
function isOfCalendar(text: string): boolean {
  const [day] = /^\d{4}-\d{2}-\d{2}/.exec(text) ?? [];
  return day === undefined || new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `30m`, `24h`, `7d` in milliseconds. */
export function milliseconds(text: string): number {
  const [, number, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text.trim()) ?? [];
  const factor = UNITS[unit];
  if (number === undefined || factor === undefined) {
    throw new ProblemError('invalid', `"${text}" is no time such as 30m, 24h or 7d.`);
  }
  return Number(number) * factor;
}

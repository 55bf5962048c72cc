import type { Command } from 'commander';
import type { House } from '../house';
import { serverContext } from '../house';
import { audited, milliseconds } from './identity';
import { print } from './print';

/** `webhook create|list|test|rotate|attempts|replay`: decisions, "Commands and files". */
export function registerWebhookCommands(program: Command, openHouse: () => Promise<House>): void {
  const webhook = program.command('webhook').description('Webhooks of the practices');
  const inHouse = async (
    json: boolean | undefined,
    work: (house: House) => Promise<object>,
  ): Promise<void> => {
    const house = await openHouse();
    try {
      print(await work(house), { json });
    } finally {
      await house.close();
    }
  };
  const changing = (
    house: House,
    command: string,
    details: Record<string, string>,
    work: () => Promise<object>,
  ): Promise<object> =>
    audited(house.audit.trail, { action: 'U', command, details }, async () => ({ result: await work() }));

  webhook
    .command('create')
    .description('Add an endpoint of a practice; its signing secret is shown this once')
    .requiredOption('--practice <practice>', 'name or id')
    .requiredOption('--url <url>', 'where events are posted')
    .requiredOption('--events <events>', 'separated by commas: referral.created,referral.accepted,...')
    .option('--json', 'print JSON')
    .action(
      ({
        practice: named,
        url,
        events,
        json,
      }: {
        practice: string;
        url: string;
        events: string;
        json?: boolean;
      }) =>
        inHouse(json, (house) =>
          changing(house, 'webhook create', { practice: named }, async () => {
            const practice = await house.identity.practices.get(named);
            const list = events
              .split(',')
              .map((each) => each.trim())
              .filter((each) => each !== '');
            return house.notify.webhooks.create(practice.id, url, list, serverContext());
          }),
        ),
    );
  webhook
    .command('list')
    .description('All webhooks, or those of a practice')
    .option('--practice <practice>', 'name or id')
    .option('--json', 'print JSON')
    .action(({ practice, json }: { practice?: string; json?: boolean }) =>
      inHouse(json, async (house) =>
        house.notify.webhooks.list(
          practice === undefined ? undefined : (await house.identity.practices.get(practice)).id,
        ),
      ),
    );
  webhook
    .command('test')
    .description('Send a trial delivery')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action((id: string, { json }: { json?: boolean }) =>
      inHouse(json, (house) =>
        changing(house, 'webhook test', { webhook: id }, () => house.notify.webhooks.test(id)),
      ),
    );
  webhook
    .command('rotate')
    .description('Make a new signing secret; the old one signs along for a while')
    .argument('<id>')
    .option(
      '--overlap <time>',
      'how long the old secret signs along: 30m, 24h, 7d; a bare number is hours',
      '24h',
    )
    .option('--json', 'print JSON')
    .action((id: string, { overlap, json }: { overlap: string; json?: boolean }) =>
      inHouse(json, (house) =>
        changing(house, 'webhook rotate', { webhook: id }, () =>
          house.notify.webhooks.rotate(id, milliseconds(/^\d+$/.test(overlap) ? `${overlap}h` : overlap)),
        ),
      ),
    );
  webhook
    .command('attempts')
    .description('The latest delivery attempts')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action((id: string, { json }: { json?: boolean }) =>
      inHouse(json, (house) => house.notify.webhooks.attempts(id, 100)),
    );
  webhook
    .command('replay')
    .description('Deliver again: one event by its number or id, or everything laid aside')
    .argument('<id>')
    .argument('[event]')
    .option('--json', 'print JSON')
    .action((id: string, event: string | undefined, { json }: { json?: boolean }) =>
      inHouse(json, (house) =>
        changing(house, 'webhook replay', { webhook: id }, () => house.notify.webhooks.replay(id, event)),
      ),
    );
}

import type { Command } from 'commander';
import { ROLES, type Users } from '../../identity';
import { print } from '../print';
import { audited, inHouse, type OpenHouse } from './house';

interface CreateOptions {
  email: string;
  name: string;
  role: string;
  practice?: string;
  practitioner?: string;
  password?: string;
  mfa?: boolean;
  json?: boolean;
}

/** `user create|list|disable|enable|unlock|renew`: decisions, "Commands and files". */
export function registerUserCommands(program: Command, openHouse: OpenHouse): void {
  const user = program.command('user').description('Users of the Dermifi API and of the dashboard');

  user
    .command('create')
    .description('Make a user; password and authenticator seed are shown this once')
    .requiredOption('--email <email>', 'what the user signs in with')
    .requiredOption('--name <name>', 'name of the person')
    .requiredOption('--role <role>', ROLES.join(', '))
    .option('--practice <practice>', 'name or id; without one the user sees the whole deployment')
    .option('--practitioner <id>', 'Practitioner of the directory that the user is')
    .option('--password <password>', 'at least 8 characters; made when absent')
    .option('--mfa', 'ask for a code of an authenticator application')
    .option('--json', 'print JSON')
    .action(async ({ json, ...request }: CreateOptions) => {
      const { email, role, practice } = request;
      const made = await inHouse(openHouse, ({ identity, trail }) =>
        audited(
          trail,
          { action: 'C', command: 'user create', details: { email, role, practice } },
          async () => {
            const result = await identity.users.create(request);
            return { result, details: { user: result.id } };
          },
        ),
      );
      print(made, { json });
    });

  user
    .command('list')
    .description('All users, by e-mail')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      print(await inHouse(openHouse, ({ identity }) => identity.users.list()), { json });
    });

  const change = (
    name: string,
    description: string,
    apply: (users: Users, who: string) => Promise<object>,
  ): void => {
    user
      .command(name)
      .description(description)
      .argument('<user>', 'id or e-mail')
      .option('--json', 'print JSON')
      .action(async (who: string, { json }: { json?: boolean }) => {
        const answer = await inHouse(openHouse, ({ identity, trail }) =>
          audited(trail, { action: 'U', command: `user ${name}`, details: { user: who } }, async () => ({
            result: await apply(identity.users, who),
          })),
        );
        print(answer, { json });
      });
  };
  change('disable', 'End all sessions of a user and refuse new ones', (users, who) => users.disable(who));
  change('enable', 'Let a disabled user sign in again', (users, who) => users.enable(who));
  change('unlock', 'Forget the failed sign-ins that make a user wait', (users, who) => users.unlock(who));
  change(
    'renew',
    'Make a new password, and a new authenticator seed; the old ones and all sessions end',
    (users, who) => users.renew(who),
  );
}

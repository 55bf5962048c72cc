import { object, oneOf, text } from '../../contract';
import { fieldProblem, ProblemError } from '../../fhir';
import type { Exchange, Route } from '../../http';
import { type NewUser, type Principal, type Role, ROLES, totpUri, type UserInfo } from '../../identity';
import { ADMINISTRATORS, PRACTICE, SHOWN_ONCE } from './administration';
import { portalRoute } from './endpoint';
import type { PortalServices } from './services';

/** Roles beyond any practice: only operators make such users, and change them. */
const BEYOND: ReadonlySet<string> = new Set<Role>(['operator', 'compliance']);

interface NewUserBody {
  email: string;
  name: string;
  role: Role;
  practice?: string;
  practitioner?: string;
  mfa?: boolean;
}

const NEW_USER = object(
  {
    email: text(254, 'What the user signs in with.', 'ejohnson@dermifi.example'),
    name: text(200, 'Name of the person.', 'Emily Johnson'),
    role: oneOf(ROLES),
    practice: PRACTICE,
    practitioner: text(64, 'Id of the Practitioner that the user is.', '789'),
    mfa: { type: 'boolean' },
  },
  ['email', 'name', 'role'],
);

const security = { interaction: 'security', roles: ADMINISTRATORS } as const;

/** Users of the dashboard and of the Dermifi API: those of all practices, or of one's own. */
export function userRoutes(services: PortalServices): Route[] {
  const { users } = services.identity;
  return [
    portalRoute({
      ...security,
      method: 'get',
      path: '/users',
      action: 'R',
      handle: async ({ x }) => ({
        status: 200,
        body: { data: await users.standings(x.principal.practice) },
      }),
    }),
    portalRoute<NewUserBody>({
      ...security,
      method: 'post',
      path: '/users',
      action: 'C',
      body: NEW_USER,
      handle: async ({ x, body }) => {
        const made = await users.create(requestFor(x.principal, body));
        x.audit.details = [
          { type: 'user', value: made.id },
          { type: 'role', value: body.role },
        ];
        return { status: 201, headers: SHOWN_ONCE, body: scannable(made) };
      },
    }),
    ...changes(services),
  ];
}

/** With the seed as a QR code's address too, for the person to scan. */
function scannable(made: NewUser): NewUser & { totpUri?: string } {
  const { totpSecret, email } = made;
  return totpSecret === undefined ? made : { ...made, totpUri: totpUri(totpSecret, email) };
}

/** What is done to one user; each answers how the user stands after it. */
function changes({ identity: { users } }: PortalServices): Route[] {
  const change = (verb: string, roles: readonly Role[], apply: (id: string) => Promise<object>): Route =>
    portalRoute({
      interaction: 'security',
      roles,
      method: 'post',
      path: `/users/:id/${verb}`,
      action: 'U',
      handle: async ({ x, params }) => {
        const { id } = await found(x, users, params['id']);
        return { status: 200, headers: SHOWN_ONCE, body: await apply(id) };
      },
    });
  return [
    change('disable', ADMINISTRATORS, (id) => users.disable(id)),
    change('enable', ADMINISTRATORS, (id) => users.enable(id)),
    change('unlock', ADMINISTRATORS, (id) => users.unlock(id)),
    // Who sets a prescriber's password could sign as the prescriber.
    change('renew', ['operator'], async (id) => scannable(await users.renew(id))),
  ];
}

/**
 * The user of the path, where the one who asks may change it.
 * @throws ProblemError not-found beyond the own practice, forbidden for oneself and for roles beyond practices
 */
async function found(x: Exchange, users: PortalServices['identity']['users'], id = ''): Promise<UserInfo> {
  x.audit.details = [{ type: 'user', value: id }];
  const { principal } = x;
  const user = id.startsWith('usr_') ? await users.find(id) : undefined;
  const isHere = principal.practice === undefined || user?.practiceId === principal.practice;
  if (user === undefined || !isHere) throw new ProblemError('not-found', `There is no user "${id}".`);
  if (user.id === principal.id) throw new ProblemError('forbidden', 'Somebody else has to change your user.');
  if (BEYOND.has(user.role) && principal.role !== 'operator')
    throw new ProblemError('forbidden', 'Only operators change users of this role.');
  return user;
}

/** @throws ProblemError forbidden or invalid, naming the field */
function requestFor({ role, practice, practiceName }: Principal, body: NewUserBody): NewUserBody {
  const isOperator = role === 'operator';
  if (!isOperator && BEYOND.has(body.role))
    throw new ProblemError('forbidden', 'Only operators make users of this role.');
  if (!isOperator && body.practitioner !== undefined)
    throw new ProblemError('forbidden', 'Only operators say which clinician a user is.');
  if (isOperator && body.practice === undefined && !BEYOND.has(body.role))
    throw fieldProblem('invalid', 'Some fields need another look.', [
      { field: 'practice', message: 'Required' },
    ]);
  if (practice === undefined) return body;
  if (body.practice !== undefined && body.practice !== practice && body.practice !== practiceName)
    throw new ProblemError('forbidden', 'You administer your own practice.');
  return { ...body, practice };
}

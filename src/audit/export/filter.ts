/** Filters of an export, the same as command options and in the query of `GET /audit/export`. decisions.md, "Audit" */
import { ProblemError } from '../../fhir';
import type { EventShape } from '../verify';
import { actionOf, outcomeOf, recordedOf } from './peek';

/** As asked. */
export interface FilterQuery {
  from?: string;
  to?: string;
  /** Name or id. */
  practice?: string;
  patient?: string;
  referral?: string;
  /** E-mail, user id, client id or key id. */
  user?: string;
  action?: string;
  outcome?: string;
}

/** As applied. */
export interface Filter {
  from?: Date;
  /** Before this. */
  to?: Date;
  practice?: string;
  patient?: string;
  /** References of the resources that a referral consists of. */
  referral?: ReadonlySet<string>;
  /** Ids and names, lower case. */
  user?: ReadonlySet<string>;
  action?: string;
  outcome?: string;
  /** What was asked, for the manifest. */
  asked: Record<string, string>;
}

/** Finds what names in a filter stand for. */
export interface Lookups {
  /** Organization id of a practice by id or name. */
  practice(idOrName: string): Promise<string | undefined>;
  /** Everything that a user or client goes by in events: id, e-mail. */
  user(idOrEmail: string): Promise<readonly string[]>;
  /** References of a referral's resources besides its ServiceRequest: its Tasks. */
  referral(id: string): Promise<readonly string[]>;
  /** What the record says of a referral; undefined when it has none. */
  referralFacts(id: string): Promise<ReferralFacts | undefined>;
}

export interface ReferralFacts {
  sender?: string | undefined;
  /** The chosen provider. */
  recipient?: string | undefined;
  justification?: string | undefined;
  patient?: string | undefined;
  status?: string | undefined;
}

export const FILTERS = [
  'from',
  'to',
  'practice',
  'patient',
  'referral',
  'user',
  'action',
  'outcome',
] as const;

const FHIR_ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** @throws ProblemError malformed, naming everything that is wrong at once. */
export async function resolveFilter(query: FilterQuery, lookups: Lookups): Promise<Filter> {
  const wrong: string[] = [];
  const check = (name: keyof FilterQuery, fine: boolean, expected: string): void => {
    if (query[name] !== undefined && !fine) wrong.push(`${name} must be ${expected}`);
  };
  const from = query.from === undefined ? undefined : timeOf(query.from, false);
  const to = query.to === undefined ? undefined : timeOf(query.to, true);
  const practice = query.practice === undefined ? undefined : await lookups.practice(query.practice);
  check(
    'from',
    from !== undefined,
    'a date or a time with its zone, such as 2026-01-31 or 2026-01-31T08:00:00Z',
  );
  check('to', to !== undefined, 'a date or a time with its zone, such as 2026-01-31 or 2026-01-31T08:00:00Z');
  check('practice', practice !== undefined, 'the name or id of a practice');
  check('patient', FHIR_ID.test(query.patient ?? ''), 'the id of a patient');
  check('referral', FHIR_ID.test(query.referral ?? ''), 'the id of a referral');
  check('user', (query.user ?? '').trim() !== '', 'an e-mail address, a user id or a client id');
  check('action', /^[CRUDE]$/.test(query.action ?? ''), 'C, R, U, D or E');
  check('outcome', /^(?:0|4|8|12)$/.test(query.outcome ?? ''), '0, 4, 8 or 12');
  if (wrong.length > 0) throw new ProblemError('malformed', `Wrong filter: ${wrong.join('; ')}.`);
  const { patient, referral, user, action, outcome } = query;
  return {
    ...(from && { from }),
    ...(to && { to }),
    ...(practice !== undefined && { practice }),
    ...(patient !== undefined && { patient }),
    ...(referral !== undefined && {
      referral: new Set([`ServiceRequest/${referral}`, ...(await lookups.referral(referral))]),
    }),
    ...(user !== undefined && {
      user: new Set([user, ...(await lookups.user(user))].map((name) => name.trim().toLowerCase())),
    }),
    ...(action !== undefined && { action }),
    ...(outcome !== undefined && { outcome }),
    asked: Object.fromEntries(
      FILTERS.flatMap((name) => (query[name] === undefined ? [] : [[name, query[name]]])),
    ),
  };
}

/** A date is the whole day, UTC: as an upper bound it ends with the day. Upper bounds are exclusive. */
function timeOf(text: string, upper: boolean): Date | undefined {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text);
  if (!day && !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/.test(text))
    return undefined;
  const time = new Date(text);
  if (Number.isNaN(time.getTime()) || (day && time.toISOString().slice(0, 10) !== text)) return undefined;
  if (day && upper) time.setUTCDate(time.getUTCDate() + 1);
  if (!day && upper) time.setTime(time.getTime() + 1);
  return time;
}

/** Whether an event, as canonical JSON, passes. It is parsed only when its text alone cannot tell. */
export function passes(text: string, filter: Filter): boolean {
  const { from, to, action, outcome, practice, patient, referral, user } = filter;
  if (action !== undefined && actionOf(text) !== action) return false;
  if (outcome !== undefined && outcomeOf(text) !== outcome) return false;
  if (from !== undefined || to !== undefined) {
    const recorded = Date.parse(recordedOf(text));
    if (from !== undefined && recorded < from.getTime()) return false;
    if (to !== undefined && recorded >= to.getTime()) return false;
  }
  if (patient !== undefined && !text.includes(`"Patient/${patient}`)) return false;
  if (practice !== undefined && !text.includes(`"Organization/${practice}"`)) return false;
  if (patient === undefined && practice === undefined && referral === undefined && user === undefined)
    return true;
  return concerns(JSON.parse(text) as EventShape, filter);
}

function concerns(
  { agent = [], entity = [] }: EventShape,
  { practice, patient, referral, user }: Filter,
): boolean {
  const touched = entity.flatMap(({ what }) =>
    what?.reference === undefined ? [] : [withoutVersion(what.reference)],
  );
  if (patient !== undefined && !touched.includes(`Patient/${patient}`)) return false;
  if (referral !== undefined && !touched.some((reference) => referral.has(reference))) return false;
  if (practice !== undefined) {
    const organization = `Organization/${practice}`;
    if (!agent.some(({ who }) => who?.reference === organization) && !touched.includes(organization))
      return false;
  }
  if (user === undefined) return true;
  return agent.some(({ altId, name, who }) => {
    const names = [altId, name, who?.identifier?.value, who?.reference?.replace(/^Practitioner\//, '')];
    return names.some((candidate) => candidate !== undefined && user.has(candidate.toLowerCase()));
  });
}

function withoutVersion(reference: string): string {
  return reference.replace(/\/_history\/.*$/, '');
}

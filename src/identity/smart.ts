import type { ResourceType } from '@medplum/fhirtypes';
import { isResourceType } from '../fhir';
import { COMMON_TYPES, type SearchRequest } from '../search';
import type { Viewer } from '../store';
import type { Principal } from './principal';

/** What may be done: create, read, update, delete, search. https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html */
export type Letter = 'c' | 'r' | 'u' | 'd' | 's';

/** A SMART scope on resources, v1 or v2, as plain data. */
export interface SmartScope {
  context: 'system' | 'patient' | 'user';
  type: ResourceType | '*';
  /** A part of `cruds`, in that order. */
  letters: string;
  /** Search parameters that a resource must match, as a query string. */
  filter?: string;
}

/** Rows of a type that are left: all, none, or those that match one of the searches. */
export type Rows = boolean | readonly SearchRequest[];

/** Understands a scope's filter. Throws a ProblemError for a query that is none. */
export type ParseFilter = (type: ResourceType, query: string) => SearchRequest;

const FORM = /^(system|patient|user)\/(\*|[A-Z][A-Za-z]+)\.(\*|read|write|c?r?u?d?s?)(?:\?(.+))?$/;
/** https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources */
const VERSION_1: Record<string, string> = { '*': 'cruds', read: 'rs', write: 'cud' };

/** Undefined when the text is no scope on resources (`openid`, `launch`), or a malformed one. */
export function parseScope(text: string): SmartScope | undefined {
  const [, context, type = '', access = '', filter] = FORM.exec(text) ?? [];
  if (context === undefined || access === '' || (type !== '*' && !isResourceType(type))) return undefined;
  return {
    context: context as SmartScope['context'],
    type: type as ResourceType | '*',
    letters: VERSION_1[access] ?? access,
    ...(filter !== undefined && { filter }),
  };
}

export function formatScope({ context, type, letters, filter }: SmartScope): string {
  return `${context}/${type}.${letters}${filter === undefined ? '' : `?${filter}`}`;
}

/** Requested, as far as it is allowed; filters of both sides hold together. No scope twice. */
export function grantedScopes(
  requested: readonly SmartScope[],
  allowed: readonly SmartScope[],
): SmartScope[] {
  const granted = requested.flatMap((wish) => {
    // A scope that covers the wish whole needs no others beside it.
    const parts = allowed.flatMap((right) => meet(wish, right) ?? []);
    const whole = parts.find((part) => formatScope(part) === formatScope(wish));
    return whole === undefined ? parts : [whole];
  });
  return [...new Map(granted.map((scope) => [formatScope(scope), scope])).values()];
}

function meet(wish: SmartScope, right: SmartScope): SmartScope | undefined {
  if (wish.context !== right.context) return undefined;
  if (wish.type !== '*' && right.type !== '*' && wish.type !== right.type) return undefined;
  const letters = [...wish.letters].filter((letter) => right.letters.includes(letter)).join('');
  if (letters === '') return undefined;
  const filters = [...new Set([right.filter, wish.filter].filter((each) => each !== undefined))];
  return {
    context: wish.context,
    type: wish.type === '*' ? right.type : wish.type,
    letters,
    ...(filters.length > 0 && { filter: filters.join('&') }),
  };
}

/** What scopes, or a user's role, leave of the FHIR endpoint. */
export interface Access {
  /** Whether the principal may do this with some resource of the type. */
  allows(principal: Principal, type: ResourceType, letter: Letter): boolean;
  /** Which resources of the type; a list for scopes with filters. */
  rowsFor(principal: Principal, type: ResourceType, letter: Letter): Rows;
  /** For the viewer of a client: what reads and searches may show. Undefined when that is everything. */
  readable(scopes: readonly string[]): Viewer['rows'];
}

/** Compiled scopes are kept as long as the list they came from: one token, one list. */
export function createAccess(parseFilter: ParseFilter): Access {
  const compiled = new WeakMap<readonly string[], (type: ResourceType, letters: string) => Rows>();
  const rowsOfScopes = (scopes: readonly string[]) => {
    const known = compiled.get(scopes);
    if (known !== undefined) return known;
    const made = compileScopes(scopes, parseFilter);
    compiled.set(scopes, made);
    return made;
  };
  const rowsFor = (principal: Principal, type: ResourceType, letter: Letter): Rows => {
    if (principal.kind === 'client') return rowsOfScopes(principal.scopes)(type, letter);
    return principal.kind === 'system' || (principal.kind === 'user' && roleAllows(principal, type, letter));
  };
  return {
    rowsFor,
    allows: (principal, type, letter) => rowsFor(principal, type, letter) !== false,
    readable(scopes) {
      const parsed = scopes.flatMap((each) => parseScope(each) ?? []);
      const all = parsed.some(
        ({ type, letters, filter }) => type === '*' && /[rs]/.test(letters) && filter === undefined,
      );
      return all ? undefined : (type) => rowsOfScopes(scopes)(type, 'rs');
    },
  };
}

function compileScopes(
  scopes: readonly string[],
  parseFilter: ParseFilter,
): (type: ResourceType, letters: string) => Rows {
  const parsed = scopes.flatMap((each) => parseScope(each) ?? []);
  const known = new Map<string, Rows>();
  return (type, letters) => {
    const key = `${type}.${letters}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const fitting = parsed.filter(
      (scope) =>
        (scope.type === '*' || scope.type === type) &&
        [...letters].some((each) => scope.letters.includes(each)),
    );
    const rows = rowsOf(fitting, type, parseFilter);
    known.set(key, rows);
    return rows;
  };
}

function rowsOf(scopes: readonly SmartScope[], type: ResourceType, parseFilter: ParseFilter): Rows {
  if (scopes.length === 0) return false;
  if (scopes.some(({ filter }) => filter === undefined)) return true;
  return scopes.flatMap(({ filter = '' }) => {
    try {
      return [parseFilter(type, filter)];
    } catch {
      // `system/*.rs?code=...`: a type without the parameter has no matching row.
      return [];
    }
  });
}

/** Users reach FHIR through the dashboard: their permissions, and what the roles without any are there for. */
function roleAllows({ role, permissions = [] }: Principal, type: ResourceType, letter: Letter): boolean {
  const reads = letter === 'r' || letter === 's';
  // The trail is for compliance officers alone, and they have no business in the rest of the record.
  if (role === 'compliance' || type === 'AuditEvent')
    return reads && role === 'compliance' && type === 'AuditEvent';
  if (role === 'operator' || role === 'practice-admin') return reads;
  // The directory, definitions and notifications work beyond the record: vendor faces, clients and operators change them.
  if (!reads && (COMMON_TYPES.has(type) || type === 'Subscription')) return false;
  return permissions.includes(reads ? 'read' : 'write');
}

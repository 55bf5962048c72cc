import type { ResourceType } from '@medplum/fhirtypes';
import { isResourceType, ProblemError } from '../../fhir';
import type { Interaction, Operation, Resolved } from './interaction';
import { INTERACTIONS } from './interactions';
import { OPERATIONS } from './operations';
import { APPEND_ONLY, TRANSIENT } from './types';

const ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** Finds the interaction or operation; 404 for unknown types and paths, 405 with Allow for a wrong method. */
export function resolve(method: string, segments: readonly string[]): Resolved {
  refuseUnknownType(segments);
  const last = segments.at(-1);
  if (last?.startsWith('$') === true) return resolveOperation(method, segments, last.slice(1));
  const fitting = INTERACTIONS.filter((each) => matches(each.path, segments) && mayWrite(each, segments[0]));
  const found = fitting.find((each) => each.method === method);
  if (found === undefined) {
    if (fitting.length === 0) throw nothingAt(method, segments);
    throw notAllowed(fitting.map((each) => each.method));
  }
  return { interaction: found, ...parameters(found.path, segments) };
}

/** An update whose id no resource could have is a bad request; nothing is looked for. https://hl7.org/fhir/R4/http.html#update */
function nothingAt(method: string, segments: readonly string[]): ProblemError {
  return method === 'PUT' && segments.length === 2
    ? new ProblemError(
        'malformed',
        'The id in the path is not one: 1 to 64 letters, digits, hyphens and dots.',
      )
    : new ProblemError('not-found', 'There is nothing at this path.');
}

/** Writes that a type does not take: no change of what is written once. */
function mayWrite({ method, path }: Interaction, type: string | undefined): boolean {
  const isRead = method === 'GET' || path.endsWith('_search');
  if (type === undefined || isRead) return true;
  // A PUT may create; the record refuses one that would change.
  return !APPEND_ONLY.has(type) || method === 'POST' || method === 'PUT';
}

function resolveOperation(method: string, segments: readonly string[], name: string): Resolved {
  const operation = OPERATIONS.find((each) => each.name === name && at(each, segments));
  if (operation === undefined) throw new ProblemError('not-found', 'There is no such operation here.');
  if (method !== 'POST' && !(method === 'GET' && operation.safe))
    throw notAllowed(operation.safe ? ['GET', 'POST'] : ['POST']);
  const [type, id] = segments.slice(0, -1);
  const audit = { interaction: 'operation', action: 'E' } as const;
  return {
    interaction: { audit, permission: operation.permission, handle: operation.handle },
    ...(type !== undefined && { type: type as ResourceType }),
    ...(id !== undefined && { id }),
  };
}

/** Whether an operation can be invoked on a type; nothing changes what is written once. */
export function takesType({ types, permission }: Operation, type: ResourceType): boolean {
  if (permission === 'u' && APPEND_ONLY.has(type)) return false;
  return types === 'all' || types.includes(type);
}

/** Whether an operation can be invoked at this level. */
function at(operation: Operation, segments: readonly string[]): boolean {
  const [type, id] = segments.slice(0, -1);
  if (type === undefined) return operation.system;
  const known = takesType(operation, type as ResourceType);
  if (segments.length === 2) return known && operation.type;
  return known && operation.instance && segments.length === 3 && ID.test(id ?? '');
}

function refuseUnknownType([first, ...rest]: readonly string[]): void {
  // GET has a route of its own, open to all.
  if (first === 'metadata' && rest.length === 0) throw notAllowed(['GET']);
  if (first === undefined || !/^[A-Za-z]/.test(first)) return;
  if (!isResourceType(first) || TRANSIENT.has(first))
    throw new ProblemError('not-found', 'The path begins with no resource type of FHIR R4.');
}

function matches(path: string, segments: readonly string[]): boolean {
  const parts = path === '' ? [] : path.split('/');
  return parts.length === segments.length && parts.every((part, i) => fits(part, segments[i] ?? ''));
}

function fits(part: string, segment: string): boolean {
  switch (part) {
    case ':type':
      return isResourceType(segment);
    case ':member':
      return segment === '*' || isResourceType(segment);
    case ':id':
    case ':version':
      return ID.test(segment);
    default:
      return part === segment;
  }
}

function parameters(path: string, segments: readonly string[]): Omit<Resolved, 'interaction'> {
  const found: Omit<Resolved, 'interaction'> = {};
  path.split('/').forEach((part, i) => {
    const segment = segments[i] ?? '';
    if (part === ':type') found.type = segment as ResourceType;
    if (part === ':id') found.id = segment;
    // Version ids of ours are counting numbers; any other text names none.
    if (part === ':version') found.version = /^[1-9]\d{0,14}$/.test(segment) ? Number(segment) : -1;
  });
  return found;
}

function notAllowed(methods: readonly string[]): ProblemError {
  const allow = [...new Set(methods.flatMap((each) => (each === 'GET' ? ['GET', 'HEAD'] : [each])))].join(
    ', ',
  );
  return new ProblemError('method-not-allowed', `This path takes ${allow}.`, { headers: { Allow: allow } });
}

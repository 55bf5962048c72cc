import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { ProblemError } from '../../fhir';
import type { Principal } from '../../identity';
import { matchesInMemory } from '../../search';
import { EVERYTHING, type StoredVersion, type Viewer } from '../../store';
import type { FhirContext, Permission } from './context';
import type { FhirRequest } from './request';

/*
 * What SMART scopes leave of each interaction. A scope is about letters (c, r, u, d, s) and perhaps rows
 * (`system/Observation.rs?category=laboratory`), so every interaction looks with the eyes of its own letter.
 * https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html
 */

const known = new WeakMap<Principal, Map<Permission, Viewer>>();

/** The caller's practice and, of each type, the rows that its scopes leave for the letter. */
export function eyes(context: FhirContext, { x: { principal } }: FhirRequest, letter: Permission): Viewer {
  if (principal.viewer.rows === undefined && principal.kind === 'system') return principal.viewer;
  const mine = known.get(principal) ?? new Map<Permission, Viewer>();
  known.set(principal, mine);
  const made = mine.get(letter) ?? viewerFor(context, principal, letter);
  mine.set(letter, made);
  return made;
}

function viewerFor(context: FhirContext, principal: Principal, letter: Permission): Viewer {
  const { rows: readable, ...practice } = principal.viewer;
  return {
    ...practice,
    rows: (type) => context.rowsFor(principal, type, letter),
    // A search looks only through what may be searched; what it includes need only be readable.
    ...(letter === 's' && { included: readable ?? includedFor(context, principal) }),
  };
}

/** A client without row limits may include anything; a user what its role may read. */
function includedFor(context: FhirContext, principal: Principal): NonNullable<Viewer['included']> {
  return (type) => principal.kind !== 'user' || context.rowsFor(principal, type, 'r');
}

/** The caller's practice alone: for commits, whose rows have been judged before. */
export function practiceOf({ viewer: { rows: _rows, ...practice } }: Principal): Viewer {
  return practice;
}

/** 403 when the scopes do not allow the interaction on any resource of the type. */
export function requirePermission(
  context: FhirContext,
  request: FhirRequest,
  type: ResourceType,
  permission: Permission,
): void {
  if (context.rowsFor(request.x.principal, type, permission) === false) {
    throw new ProblemError(
      'forbidden',
      `The scopes of this token do not allow this on ${type} (needs ${permission}).`,
    );
  }
}

/**
 * 403 unless what is about to be written is within the rows of the scopes. A filter that looks at other resources
 * (a chain) cannot be judged before the write, so it allows none.
 */
export function requireRow(
  context: FhirContext,
  request: FhirRequest,
  permission: 'c' | 'u',
  next: Resource,
): void {
  const type = next.resourceType;
  requirePermission(context, request, type, permission);
  const rows = context.rowsFor(request.x.principal, type, permission);
  if (typeof rows === 'boolean' || rows.some((each) => matchesInMemory(each, next))) return;
  throw new ProblemError('forbidden', `The scopes of this token do not allow a ${type} with this content.`);
}

/** Whether scopes leave only some rows, so that a write must not land on other content than was judged. */
export function isFiltered(
  context: FhirContext,
  request: FhirRequest,
  type: ResourceType,
  letter: Permission,
): boolean {
  return typeof context.rowsFor(request.x.principal, type, letter) !== 'boolean';
}

/**
 * The version that an update, patch or delete is about: undefined when there is none in the caller's practice.
 * @throws ProblemError 403 when it may be read but not changed, 404 when the scopes hide it.
 */
export async function presentFor(
  context: FhirContext,
  request: FhirRequest,
  type: ResourceType,
  id: string,
  letter: 'u' | 'd',
): Promise<StoredVersion | undefined> {
  const { records } = request;
  const present = await records.read(practiceOf(request.x.principal), type, id);
  if (present === undefined || present.deleted || !isFiltered(context, request, type, letter)) return present;
  if ((await records.read(eyes(context, request, letter), type, id)) !== undefined) return present;
  if ((await records.read(eyes(context, request, 'r'), type, id)) === undefined) throw unknown(type);
  throw new ProblemError('forbidden', `The scopes of this token do not allow this on this ${type}.`);
}

/** 404 for what another practice holds; what never was passes. */
export async function refuseHidden(request: FhirRequest, type: ResourceType, id: string): Promise<void> {
  const there = await request.records.read(EVERYTHING, type, id);
  if (there !== undefined && !there.deleted) throw unknown(type);
}

/** 404, for what is not there and what is not to be seen alike. */
export function unknown(type: ResourceType): ProblemError {
  return new ProblemError('not-found', `There is no ${type} with this id.`);
}

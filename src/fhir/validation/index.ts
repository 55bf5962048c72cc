/**
 * Validation of resources: structure, cardinality, types, lexical forms, required bindings, references,
 * invariants, extensions and profiles, all problems at once. https://hl7.org/fhir/R4/validation.html
 */
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { canonicalEntry, isResourceType, splitCanonical } from '../definitions';
import { resourceNode } from '../fhirpath/nodes';
import { ProblemError } from '../problem';
import { isObject, report, type Context, type Json } from './context';
import { checkNode } from './profile';
import { profileAt, type Profile } from './profile-tree';
import { checkStructure } from './structure';

const CORE = 'http://hl7.org/fhir/StructureDefinition/';

export interface ValidationOptions {
  /** `warn` turns everything that is FHIR but breaks a rule into a warning. Default `strict`. */
  mode?: 'strict' | 'warn';
  /** Canonicals of profiles to hold the resource to, besides those in `meta.profile`. */
  profiles?: readonly string[];
  /** Only structure, cardinality, types, lexical forms, bindings and references. */
  structureOnly?: boolean;
}

function contextOf(resource: Json, invariants: boolean): Context {
  return {
    issues: [],
    path: [String(resource['resourceType'])],
    root: resource,
    resource,
    inBundle: resource['resourceType'] === 'Bundle',
    invariants,
  };
}

function claimedProfiles(resource: Json): string[] {
  const claimed = isObject(resource['meta']) ? resource['meta']['profile'] : undefined;
  return Array.isArray(claimed) ? claimed.filter((url): url is string => typeof url === 'string') : [];
}

/**
 * R4's own sample profiles (vital signs, lipids) advise: resources of earlier versions claim them with the code
 * systems of their time. As the base of a guide's profile they bind.
 */
function adviseFrom(known: number, context: Context): void {
  for (const issue of context.issues.slice(known)) issue.severity = 'warning';
}

/** A profile that is claimed at a version is that version or none: the rules of another may refuse what it allows. */
function claimedProfile(canonical: string): Profile | undefined {
  const { version } = splitCanonical(canonical);
  const isHere =
    version === undefined || canonicalEntry(canonical, 'StructureDefinition')?.version === version;
  return isHere ? profileAt(canonical) : undefined;
}

/** Holds one resource (at `context.path`) to profiles. */
function checkProfiles(resource: Json, profiles: Iterable<string>, context: Context): void {
  const prefix = [...context.path];
  for (const canonical of new Set(profiles)) {
    context.path = [...prefix];
    // The type's own definition is what the structure was checked against.
    if (splitCanonical(canonical).url === `${CORE}${String(resource['resourceType'])}`) continue;
    const profile = claimedProfile(canonical);
    if (profile === undefined) {
      report(
        context,
        'not-found',
        'A profile is claimed that is not known here; it was not checked.',
        'meta.profile',
        'warning',
      );
    } else if (profile.type !== resource['resourceType']) {
      report(context, 'structure', `The profile ${profile.name} is for ${profile.type}.`, 'meta.profile');
    } else {
      const known = context.issues.length;
      checkNode(profile.root, resourceNode(resource), {
        ...context,
        prefix,
        profile: profile.name,
        depth: 0,
      });
      if (profile.source === 'r4') adviseFrom(known, context);
    }
  }
  context.path = prefix;
}

interface Inner {
  resource: Json;
  path: (string | number)[];
  isContained: boolean;
}

/** Contained resources, entries of Bundles and resources in Parameters, one level down. */
function innerResources(resource: Json): Inner[] {
  const found: Inner[] = [];
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
  list(resource['contained']).forEach((item, i) => {
    if (isObject(item)) found.push({ resource: item, path: ['contained', i], isContained: true });
  });
  for (const [key, type] of [
    ['entry', 'Bundle'],
    ['parameter', 'Parameters'],
  ] as const) {
    if (resource['resourceType'] !== type) continue;
    list(resource[key]).forEach((item, i) => {
      if (isObject(item) && isObject(item['resource'])) {
        found.push({ resource: item['resource'], path: [key, i, 'resource'], isContained: false });
      }
    });
  }
  return found;
}

function checkClaims(resource: Json, more: readonly string[], context: Context): void {
  checkProfiles(resource, [...claimedProfiles(resource), ...more], context);
  for (const inner of innerResources(resource)) {
    const innerContext = {
      ...context,
      path: [...context.path, ...inner.path],
      resource: inner.resource,
      root: inner.isContained ? context.root : inner.resource,
    };
    checkClaims(inner.resource, [], innerContext);
  }
}

/** One issue for one finding, the graver one: a profile that repeats what its base demands adds nothing. */
function withoutRepetitions(issues: OperationOutcomeIssue[]): OperationOutcomeIssue[] {
  if (issues.length < 2) return issues;
  const findings = new Map<string, OperationOutcomeIssue>();
  for (const issue of issues) {
    const text = (issue.diagnostics ?? '').replace(/ \(profile [^)]*\)$/, '');
    const key = `${issue.code} ${issue.expression?.[0] ?? ''} ${text}`;
    if (findings.get(key)?.severity !== 'error') findings.set(key, issue);
  }
  return [...findings.values()];
}

/** What is wrong with the JSON form stays an error in every mode: it could not be read back as FHIR. */
function softened(issue: OperationOutcomeIssue): OperationOutcomeIssue {
  return issue.severity === 'error' && issue.code !== 'structure' ? { ...issue, severity: 'warning' } : issue;
}

/**
 * Validates a resource; an empty list means that nothing is wrong. Issues carry `expression` (FHIRPath with
 * indexes, of the element or of the parent that lacks it) and never a value. Codes: `structure` (not FHIR's
 * form), `required`, `value`, `code-invalid`, `invariant`, `not-found` (unknown profile, a warning).
 */
export function validateResource(
  resource: Resource,
  options: ValidationOptions = {},
): OperationOutcomeIssue[] {
  const value = resource as unknown as Json;
  const type = value['resourceType'];
  if (typeof type !== 'string' || !isResourceType(type)) {
    return [
      {
        severity: 'error',
        code: 'structure',
        diagnostics: 'The resourceType is not one of R4.',
        expression: ['resourceType'],
      },
    ];
  }
  const context = contextOf(value, options.structureOnly !== true);
  checkStructure(value, type, context);
  if (options.structureOnly !== true) checkClaims(value, options.profiles ?? [], context);
  const issues = withoutRepetitions(context.issues);
  return options.mode === 'warn' ? issues.map(softened) : issues;
}

/**
 * Validates and throws when there is an error; warnings are returned.
 * @throws ProblemError 400 for a resourceType that R4 does not have, 422 with every issue otherwise
 */
export function requireValid(resource: Resource, options: ValidationOptions = {}): OperationOutcomeIssue[] {
  const issues = validateResource(resource, options);
  if (!issues.some(({ severity }) => severity === 'error')) return issues;
  const isNoResource = issues[0]?.expression?.[0] === 'resourceType';
  throw new ProblemError(isNoResource ? 'malformed' : 'invalid', 'The resource is not valid.', { issues });
}

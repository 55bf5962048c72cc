import type { Coding, Meta, Parameters, Resource } from '@medplum/fhirtypes';
import { ProblemError } from '../../../fhir';
import type { StoredVersion } from '../../../store';
import { readResource } from '../body';
import type { Handler, Operation } from '../interaction';
import type { FhirRequest, FhirResponse } from '../request';
import { one, target } from '../target';
import { traced } from '../trace';

/** https://hl7.org/fhir/R4/resource-operation-meta.html */
const meta: Handler = async (_context, request) => answer((await present(request)).resource.meta);

/** https://hl7.org/fhir/R4/resource-operation-meta-add.html */
const add: Handler = (_context, request) =>
  change(request, (old, given) => ({
    ...old,
    profile: merged(old.profile, given.profile, (each) => each),
    tag: merged(old.tag, given.tag, keyOf),
    security: merged(old.security, given.security, keyOf),
  }));

/** https://hl7.org/fhir/R4/resource-operation-meta-delete.html */
const remove: Handler = (_context, request) =>
  change(request, (old, given) => ({
    ...old,
    profile: without(old.profile, given.profile, (each) => each),
    tag: without(old.tag, given.tag, keyOf),
    security: without(old.security, given.security, keyOf),
  }));

function keyOf({ system, code }: Coding): string {
  return `${system ?? ''}|${code ?? ''}`;
}

function merged<T>(old: T[] | undefined, given: T[] | undefined, key: (each: T) => string): T[] | undefined {
  const known = new Set((old ?? []).map(key));
  const all = [...(old ?? []), ...(given ?? []).filter((each) => !known.has(key(each)))];
  return all.length === 0 ? undefined : all;
}

function without<T>(old: T[] | undefined, given: T[] | undefined, key: (each: T) => string): T[] | undefined {
  const gone = new Set((given ?? []).map(key));
  const left = (old ?? []).filter((each) => !gone.has(key(each)));
  return left.length === 0 ? undefined : left;
}

async function change(request: FhirRequest, make: (old: Meta, given: Meta) => Meta): Promise<FhirResponse> {
  const given = givenMeta(request);
  const { type, id } = target(request);
  const found = await present(request);
  const clean = Object.fromEntries(Object.entries(make(found.resource.meta ?? {}, given)).filter(([, value]) => value !== undefined)) as Meta;
  const resource = { ...found.resource, id, meta: clean } as Resource & { id: string };
  const committed = one(await request.records.commit([{ kind: 'put', resource, ifVersion: found.version }], traced(request.x)));
  request.x.audit.resources = [`${type}/${id}/_history/${committed.version}`];
  return answer(committed.resource.meta);
}

function givenMeta(request: FhirRequest): Meta {
  const body = readResource(request);
  const given = body.resourceType === 'Parameters' ? (body as Parameters).parameter?.find(({ name }) => name === 'meta')?.valueMeta : undefined;
  if (given === undefined) throw new ProblemError('malformed', 'Send Parameters with one parameter "meta" (valueMeta).');
  return given;
}

async function present(request: FhirRequest): Promise<StoredVersion> {
  const { type, id } = target(request);
  const found = await request.records.read(request.x.principal.viewer, type, id);
  if (found === undefined) throw new ProblemError('not-found', `There is no ${type} with this id.`);
  if (found.deleted) throw new ProblemError('gone', `This ${type} was deleted.`);
  return found;
}

function answer(found: Meta | undefined): FhirResponse {
  return { status: 200, resource: { resourceType: 'Parameters', parameter: [{ name: 'return', valueMeta: found ?? {} }] } };
}

const R4 = 'http://hl7.org/fhir/OperationDefinition';
const base = { system: false, type: false, instance: true, types: 'all' } as const;

export const META: readonly Operation[] = [
  { ...base, name: 'meta', definition: `${R4}/Resource-meta`, safe: true, permission: 'r', handle: meta },
  { ...base, name: 'meta-add', definition: `${R4}/Resource-meta-add`, safe: false, permission: 'u', handle: add },
  { ...base, name: 'meta-delete', definition: `${R4}/Resource-meta-delete`, safe: false, permission: 'u', handle: remove },
];

import type { Coding, Meta, Parameters, Resource, ResourceType } from '@medplum/fhirtypes';
import { ProblemError } from '../../../fhir';
import type { StoredVersion } from '../../../store';
import { eyes, presentFor, requireRow, unknown } from '../access';
import { acceptResource, readResource, soundParameters } from '../body';
import type { FhirContext } from '../context';
import type { Handler, Operation } from '../interaction';
import type { FhirRequest, FhirResponse } from '../request';
import { commitRead, settled } from '../preconditions';
import { readInputs } from './inputs';
import { target } from '../target';
import { traced } from '../trace';

/** https://hl7.org/fhir/R4/resource-operation-meta.html */
const meta: Handler = async (context, request) => {
  readInputs(request, []);
  const { type, id } = target(request);
  return answer(
    standing(await request.records.read(eyes(context, request, 'r'), type, id), type).resource.meta,
  );
};

/** https://hl7.org/fhir/R4/resource-operation-meta-add.html */
const add: Handler = (context, request) =>
  change(context, request, (old, given) => ({
    ...old,
    profile: merged(old.profile, given.profile, (each) => each),
    tag: merged(old.tag, given.tag, keyOf),
    security: merged(old.security, given.security, keyOf),
  }));

/** https://hl7.org/fhir/R4/resource-operation-meta-delete.html */
const remove: Handler = (context, request) =>
  change(context, request, (old, given) => ({
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

function change(
  context: FhirContext,
  request: FhirRequest,
  make: (old: Meta, given: Meta) => Meta,
): Promise<FhirResponse> {
  const given = givenMeta(request);
  const { type, id } = target(request);
  return settled(async () => {
    const found = standing(await presentFor(context, request, type, id, 'u'), type);
    const made = Object.entries(make(found.resource.meta ?? {}, given)).filter(
      ([, value]) => value !== undefined,
    );
    const resource = { ...found.resource, id, meta: Object.fromEntries(made) as Meta } as Resource & {
      id: string;
    };
    acceptResource(context, resource, type);
    requireRow(context, request, 'u', resource);
    const put = { kind: 'put' as const, resource, ifVersion: found.version };
    const committed = await commitRead(request, put, traced(request.x));
    request.x.audit.resources = [`${type}/${id}/_history/${committed.version}`];
    return answer(committed.resource.meta);
  });
}

function givenMeta(request: FhirRequest): Meta {
  const body = readResource(request);
  const given =
    body.resourceType === 'Parameters'
      ? soundParameters(body as Parameters).parameter?.find(({ name }) => name === 'meta')?.valueMeta
      : undefined;
  if (given === undefined)
    throw new ProblemError('malformed', 'Send Parameters with one parameter "meta" (valueMeta).');
  return given;
}

function standing(found: StoredVersion | undefined, type: ResourceType): StoredVersion {
  if (found === undefined) throw unknown(type);
  if (found.deleted) throw new ProblemError('gone', `This ${type} was deleted.`);
  return found;
}

function answer(found: Meta | undefined): FhirResponse {
  return {
    status: 200,
    resource: { resourceType: 'Parameters', parameter: [{ name: 'return', valueMeta: found ?? {} }] },
  };
}

const R4 = 'http://hl7.org/fhir/OperationDefinition';
const base = { system: false, type: false, instance: true, types: 'all' } as const;

export const META: readonly Operation[] = [
  { ...base, name: 'meta', definition: `${R4}/Resource-meta`, safe: true, permission: 'r', handle: meta },
  {
    ...base,
    name: 'meta-add',
    definition: `${R4}/Resource-meta-add`,
    safe: false,
    permission: 'u',
    handle: add,
  },
  {
    ...base,
    name: 'meta-delete',
    definition: `${R4}/Resource-meta-delete`,
    safe: false,
    permission: 'u',
    handle: remove,
  },
];

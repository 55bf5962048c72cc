import type {
  CapabilityStatement,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceOperation,
  ResourceType,
} from '@medplum/fhirtypes';
import { resourceTypes } from '../../fhir';
import { describeParameters, registryVersion, type ParameterDescription } from '../../search';
import type { FhirContext } from './context';
import type { Operation } from './interaction';
import { INTERACTIONS } from './interactions';
import { OPERATIONS } from './operations';
import { takesType } from './router';
import { APPEND_ONLY, TRANSIENT } from './types';

const CHANGES = new Set(['patch', 'delete']);
const STARTED = new Date();

/** What this server does, made from its own tables. https://hl7.org/fhir/R4/capabilitystatement.html */
export function capabilities(context: FhirContext): CapabilityStatement {
  const version = registryVersion();
  const known = made.get(context);
  if (known?.version === version) return known.statement;
  const statement = statementOf(context);
  made.set(context, { version, statement });
  return statement;
}

/** Made anew when a client's SearchParameter has changed what may be searched by. */
const made = new WeakMap<FhirContext, { version: number; statement: CapabilityStatement }>();

function statementOf(context: FhirContext): CapabilityStatement {
  const { baseUrl } = context;
  const reverse = reverseIncludes();
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: STARTED.toISOString(),
    publisher: 'Crosswalk',
    kind: 'instance',
    software: { name: 'Crosswalk', version: '0.1.0' },
    implementation: { description: 'Crosswalk FHIR R4 endpoint', url: baseUrl },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'application/fhir+xml', 'json', 'xml'],
    patchFormat: [
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/fhir+json',
      'application/fhir+xml',
    ],
    rest: [
      {
        mode: 'server',
        security: security(context),
        resource: storableTypes().map((type) => resourceOf(context, type, reverse)),
        interaction: [
          { code: 'transaction' },
          { code: 'batch' },
          { code: 'search-system' },
          { code: 'history-system' },
        ],
        searchParam: commonParameters(),
        ...systemOperations(),
      },
    ],
  };
}

/** Operations on the whole system; FHIR has no empty list, so where there is none nothing is said. */
function systemOperations(): { operation?: CapabilityStatementRestResourceOperation[] } {
  const operations = OPERATIONS.filter((each) => each.system).map(operation);
  return operations.length === 0 ? {} : { operation: operations };
}

/** Parameters of every type, which a search of the whole system takes. */
function commonParameters() {
  return describeParameters('Basic')
    .filter(({ name }) => name.startsWith('_'))
    .map(parameter);
}

function security({
  baseUrl,
  crossOrigin,
}: FhirContext): NonNullable<CapabilityStatement['rest']>[number]['security'] {
  const token = `${new URL(baseUrl).origin}/oauth2/token`;
  return {
    cors: crossOrigin,
    service: [
      {
        coding: [
          { system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'SMART-on-FHIR' },
        ],
      },
    ],
    extension: [
      {
        url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
        extension: [{ url: 'token', valueUri: token }],
      },
    ],
  };
}

function resourceOf(
  context: FhirContext,
  type: ResourceType,
  reverse: ReadonlyMap<string, string[]>,
): CapabilityStatementRestResource {
  const parameters = describeParameters(type);
  const includes = parameters
    .filter((each) => each.type === 'reference')
    .map(({ name }) => `${type}:${name}`);
  const codes = INTERACTIONS.filter(({ path, code }) => path.startsWith(':type') && code !== undefined)
    .map(({ code }) => code as string)
    .filter((code) => !(APPEND_ONLY.has(type) && CHANGES.has(code)));
  return {
    ...(type === 'Subscription' && { extension: topicsOf(context) }),
    type,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    interaction: [...new Set(codes)].map((code) => ({
      code: code as 'read',
      ...(APPEND_ONLY.has(type) &&
        code === 'update' && { documentation: 'Creates at an id of the client; refuses every change.' }),
    })),
    versioning: 'versioned-update',
    readHistory: true,
    updateCreate: true,
    conditionalCreate: true,
    ...(!APPEND_ONLY.has(type) && {
      conditionalUpdate: true,
      conditionalDelete: context.limits.deleteMultiple ? 'multiple' : 'single',
    }),
    conditionalRead: 'full-support',
    referencePolicy: ['literal', 'logical', 'local'],
    searchInclude: ['*', ...includes],
    searchRevInclude: [...(reverse.get(type) ?? []), ...(reverse.get('*') ?? [])],
    searchParam: parameters.map(parameter),
    operation: OPERATIONS.filter((each) => isOn(each, type)).map(operation),
  };
}

/** Reference parameters of all types, as `_revinclude` names them, by the type they may point to; `*` for any. */
function reverseIncludes(): Map<string, string[]> {
  const byTarget = new Map<string, string[]>();
  for (const type of storableTypes()) {
    for (const { type: kind, name, targets } of describeParameters(type)) {
      if (kind !== 'reference') continue;
      for (const target of targets.length === 0 ? ['*'] : targets) {
        byTarget.set(target, [...(byTarget.get(target) ?? []), `${type}:${name}`]);
      }
    }
  }
  return byTarget;
}

function storableTypes(): ResourceType[] {
  return resourceTypes().filter((type) => !TRANSIENT.has(type)) as ResourceType[];
}

/** http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical */
function topicsOf({ subscriptions }: FhirContext) {
  const url =
    'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical';
  return subscriptions.topics().map((topic) => ({ url, valueCanonical: topic.url }));
}

function isOn(each: Operation, type: ResourceType): boolean {
  return (each.type || each.instance) && takesType(each, type);
}

function operation({ name, definition }: Operation): CapabilityStatementRestResourceOperation {
  return { name, definition };
}

function parameter({ name, type, definition, documentation }: ParameterDescription) {
  return {
    name,
    type,
    ...(definition !== undefined && { definition }),
    ...(documentation !== undefined && { documentation }),
  };
}

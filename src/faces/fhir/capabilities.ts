import type {
  CapabilityStatement,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceOperation,
  ResourceType,
} from '@medplum/fhirtypes';
import { resourceTypes } from '../../fhir';
import { describeParameters, type ParameterDescription } from '../../search';
import type { FhirContext } from './context';
import type { Operation } from './interaction';
import { INTERACTIONS } from './interactions';
import { OPERATIONS } from './operations';
import { APPEND_ONLY, TRANSIENT } from './types';

const CHANGES = new Set(['update', 'patch', 'delete']);
const STARTED = new Date();

/** What this server does, made from its own tables. https://hl7.org/fhir/R4/capabilitystatement.html */
export function capabilities(context: FhirContext): CapabilityStatement {
  const { baseUrl } = context;
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
    patchFormat: ['application/json-patch+json', 'application/merge-patch+json', 'application/fhir+json', 'application/fhir+xml'],
    rest: [
      {
        mode: 'server',
        security: security(baseUrl),
        resource: resourceTypes()
          .filter((type) => !TRANSIENT.has(type))
          .map((type) => resourceOf(context, type as ResourceType)),
        interaction: [{ code: 'transaction' }, { code: 'batch' }, { code: 'search-system' }, { code: 'history-system' }],
        searchParam: commonParameters(),
        operation: OPERATIONS.filter((each) => each.system).map(operation),
      },
    ],
  };
}

/** Parameters of every type, which a search of the whole system takes. */
function commonParameters() {
  return describeParameters('Basic').filter(({ name }) => name.startsWith('_')).map(parameter);
}

function security(baseUrl: string): NonNullable<CapabilityStatement['rest']>[number]['security'] {
  const token = `${new URL(baseUrl).origin}/oauth2/token`;
  return {
    cors: true,
    service: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'SMART-on-FHIR' }] }],
    extension: [
      {
        url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
        extension: [{ url: 'token', valueUri: token }],
      },
    ],
  };
}

function resourceOf(context: FhirContext, type: ResourceType): CapabilityStatementRestResource {
  const parameters = describeParameters(type);
  const includes = parameters.filter((each) => each.type === 'reference').map(({ name }) => `${type}:${name}`);
  const codes = INTERACTIONS.filter(({ path, code }) => path.startsWith(':type') && code !== undefined)
    .map(({ code }) => code as string)
    .filter((code) => !(APPEND_ONLY.has(type) && CHANGES.has(code)));
  return {
    type,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    interaction: [...new Set(codes)].map((code) => ({ code: code as 'read' })),
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
    searchParam: parameters.map(parameter),
    operation: OPERATIONS.filter((each) => isOn(each, type)).map(operation),
  };
}

function isOn(each: Operation, type: ResourceType): boolean {
  return (each.type || each.instance) && (each.types === 'all' || each.types.includes(type));
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

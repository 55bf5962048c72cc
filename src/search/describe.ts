/** What the CapabilityStatement says of search. https://hl7.org/fhir/R4/capabilitystatement.html */
import type { ResourceType } from '@medplum/fhirtypes';
import { layout } from './parameters/registry';
import type { ParameterKind } from './types';

export interface ParameterDescription {
  name: string;
  type: ParameterKind;
  /** Canonical of the SearchParameter. */
  definition?: string;
  documentation?: string;
  /** Types that a reference may point to. */
  targets: readonly string[];
  /** Modifiers that are understood. */
  modifiers: readonly string[];
}

const MODIFIERS: Record<ParameterKind, readonly string[]> = {
  token: ['missing', 'not', 'text', 'in', 'not-in', 'above', 'below', 'of-type'],
  string: ['missing', 'exact', 'contains'],
  uri: ['missing', 'above', 'below'],
  reference: ['missing', 'identifier', 'type'],
  date: ['missing'],
  number: ['missing'],
  quantity: ['missing'],
  composite: ['missing'],
  special: ['missing'],
};

/** Parameters that have no definition of their own values: read by the parser itself. */
const BUILT_IN: readonly ParameterDescription[] = [
  {
    name: '_id',
    type: 'token',
    targets: [],
    modifiers: ['missing', 'not'],
    definition: 'http://hl7.org/fhir/SearchParameter/Resource-id',
  },
  {
    name: '_text',
    type: 'string',
    targets: [],
    modifiers: [],
    definition: 'http://hl7.org/fhir/SearchParameter/DomainResource-text',
  },
  {
    name: '_content',
    type: 'string',
    targets: [],
    modifiers: [],
    definition: 'http://hl7.org/fhir/SearchParameter/Resource-content',
  },
  { name: '_list', type: 'special', targets: [], modifiers: [] },
  { name: '_filter', type: 'special', targets: [], modifiers: [] },
];

/** Every parameter that a search on the type understands, in alphabetical order. */
export function describeParameters(type: ResourceType): ParameterDescription[] {
  const own = [...layout(type).parameters.values()].map(({ code, kind, definition, targets }) => ({
    name: code,
    type: kind,
    targets: kind === 'reference' ? targets : [],
    modifiers: MODIFIERS[kind],
    ...(definition.url === undefined ? {} : { definition: definition.url }),
    ...(definition.description === undefined ? {} : { documentation: definition.description }),
  }));
  return [...own, ...BUILT_IN].sort((a, b) => (a.name < b.name ? -1 : 1));
}

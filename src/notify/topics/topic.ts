import type { Basic, Extension, ResourceType } from '@medplum/fhirtypes';

/** A SubscriptionTopic, read from the Backport's R4 form. https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/components.html#subscription-topics-in-fhir-r4 */
export interface Topic {
  url: string;
  title: string | undefined;
  status: string;
  triggers: readonly Trigger[];
  filters: readonly TopicFilter[];
  shapes: readonly Shape[];
  /** Practices that may subscribe to it; undefined: everybody (ours, and those of clients of the whole deployment). */
  practices: readonly string[] | undefined;
}

export type Interaction = 'create' | 'update' | 'delete';

/** R5 SubscriptionTopic.resourceTrigger. https://hl7.org/fhir/R5/subscriptiontopic-definitions.html#SubscriptionTopic.resourceTrigger */
export interface Trigger {
  type: ResourceType;
  interactions: readonly Interaction[];
  query: QueryCriteria | undefined;
  fhirPath: string | undefined;
}

export interface QueryCriteria {
  previous: string | undefined;
  /** What the test of the previous state gives where there was none. */
  resultForCreate: boolean;
  current: string | undefined;
  resultForDelete: boolean;
  requireBoth: boolean;
}

/** What a subscription may filter by. */
export interface TopicFilter {
  /** Undefined: every type of the topic. */
  type: string | undefined;
  parameter: string;
  /** Undefined: any. */
  modifiers: readonly string[] | undefined;
  comparators: readonly string[] | undefined;
}

export interface Shape {
  type: string;
  includes: readonly string[];
  revIncludes: readonly string[];
}

const TOPIC_ELEMENT =
  /^http:\/\/hl7\.org\/fhir\/\d\.\d+\/StructureDefinition\/extension-SubscriptionTopic\.(.+)$/;

/** Whether a Basic carries a SubscriptionTopic. */
export function isTopic({ code }: Basic): boolean {
  return (code.coding ?? []).some((coding) => coding.code === 'SubscriptionTopic');
}

/** The topic in a Basic; what it lacks shows in `checkTopic`. */
export function readTopic(basic: Basic, practices: Topic['practices']): Topic {
  const all = [...(basic.extension ?? []), ...(basic.modifierExtension ?? [])];
  const elements = (name: string): Extension[] =>
    all.filter(({ url }) => TOPIC_ELEMENT.exec(url)?.[1] === name);
  const first = (name: string): string | undefined => textOf(elements(name)[0]);
  return {
    url: first('url') ?? '',
    title: first('title'),
    status: first('status') ?? 'active',
    triggers: elements('resourceTrigger').map(triggerOf),
    filters: elements('canFilterBy').map(filterOf),
    shapes: elements('notificationShape').map(shapeOf),
    practices,
  };
}

function parts({ extension }: Extension, name: string): Extension[] {
  return (extension ?? []).filter(({ url }) => url === name);
}

function texts(extension: Extension, name: string): string[] {
  return parts(extension, name).flatMap((part) => textOf(part) ?? []);
}

function textOf(extension: Extension | undefined): string | undefined {
  const value =
    extension?.valueUri ?? extension?.valueString ?? extension?.valueCode ?? extension?.valueCanonical;
  return value ?? (extension?.valueBoolean === undefined ? undefined : String(extension.valueBoolean));
}

/** `http://hl7.org/fhir/StructureDefinition/Encounter` and `Encounter` are the same. */
function typeIn(extension: Extension): string | undefined {
  return texts(extension, 'resource')[0]?.replace(/^http:\/\/hl7\.org\/fhir\/StructureDefinition\//, '');
}

function triggerOf(extension: Extension): Trigger {
  const interactions = texts(extension, 'supportedInteraction') as Interaction[];
  const [query] = parts(extension, 'queryCriteria');
  return {
    type: (typeIn(extension) ?? '') as ResourceType,
    interactions: interactions.length === 0 ? ['create', 'update', 'delete'] : interactions,
    query: query === undefined ? undefined : queryOf(query),
    fhirPath: texts(extension, 'fhirPathCriteria')[0],
  };
}

function queryOf(extension: Extension): QueryCriteria {
  const [previous] = texts(extension, 'previous');
  const [current] = texts(extension, 'current');
  return {
    previous,
    resultForCreate: texts(extension, 'resultForCreate')[0] !== 'test-fails',
    current,
    resultForDelete: texts(extension, 'resultForDelete')[0] === 'test-passes',
    requireBoth: texts(extension, 'requireBoth')[0] === 'true',
  };
}

function filterOf(extension: Extension): TopicFilter {
  const some = (name: string): string[] | undefined => {
    const found = texts(extension, name);
    return found.length === 0 ? undefined : found;
  };
  return {
    type: typeIn(extension),
    parameter: texts(extension, 'filterParameter')[0] ?? '',
    modifiers: some('modifier'),
    comparators: some('comparator'),
  };
}

function shapeOf(extension: Extension): Shape {
  return {
    type: typeIn(extension) ?? '',
    includes: texts(extension, 'include').flatMap(searchInclude),
    revIncludes: texts(extension, 'revInclude').flatMap(searchInclude),
  };
}

/** `Encounter:patient&iterate=Patient.link` is an include with a further one behind it; iteration is left out. */
function searchInclude(text: string): string[] {
  const [first = ''] = text.split('&', 1);
  return /^[A-Za-z]+:[A-Za-z0-9_-]+(:[A-Za-z]+)?$/.test(first) ? [first] : [];
}

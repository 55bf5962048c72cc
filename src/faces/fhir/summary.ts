import type { Bundle, Resource } from '@medplum/fhirtypes';
import { propertiesOf } from '../../fhir';
import { isElementOf } from '../../search';
import { refuseParameter, single } from './parameters';
import type { FhirRequest } from './request';

type Node = Record<string, unknown>;
type Keep = (name: string) => boolean;

/** https://hl7.org/fhir/R4/resource.html#simple-tags : the mark of a resource that is not whole. */
const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };
const ALWAYS = new Set(['resourceType', 'id', 'meta']);
const MODES = new Set(['true', 'text', 'data', 'count', 'false']);

/**
 * What `_summary` and `_elements` leave of a resource, or of each resource in a bundle.
 * https://hl7.org/fhir/R4/search.html#summary
 */
export function summarized(request: FhirRequest, resource: Resource): Resource {
  const mode = single(request, '_summary');
  const elements = elementNames(request);
  if (mode !== undefined && !MODES.has(mode))
    throw refuseParameter('_summary', 'One of true, text, data, count, false is expected.');
  // Searches have read their parameters themselves.
  if (!isResultBundle(resource) || resource.type === 'history') refuseMeaningless(request, resource, mode);
  const shaped = mode !== undefined && mode !== 'false' && mode !== 'count';
  if (!shaped && elements.length === 0) return resource;
  const reduce = (each: Resource, isMatch: boolean): Resource => {
    if (shaped) return summaryOf(each, mode);
    return isMatch ? elementsOf(each, elements) : each;
  };
  return isResultBundle(resource) ? reduceEntries(resource, reduce) : reduce(resource, true);
}

function elementNames(request: FhirRequest): string[] {
  const names = single(request, '_elements')?.split(',') ?? [];
  return names.map((each) => each.trim()).filter((each) => each !== '');
}

/** `_summary=count` is about searches, and an element that a type does not have would leave nothing of it. */
function refuseMeaningless(request: FhirRequest, { resourceType }: Resource, mode: string | undefined): void {
  if (request.prefer.lenient) return;
  if (mode === 'count')
    throw refuseParameter('_summary', 'There is nothing to count here: count is for searches.');
  const type = resourceType === 'Bundle' ? request.type : resourceType;
  const isKnown = type === undefined || elementNames(request).every((name) => isElementOf([type], name));
  if (!isKnown) throw refuseParameter('_elements', `Names of elements at the root of ${type} are expected.`);
}

function isResultBundle(resource: Resource): resource is Bundle {
  return resource.resourceType === 'Bundle' && (resource.type === 'searchset' || resource.type === 'history');
}

function reduceEntries(bundle: Bundle, reduce: (resource: Resource, isMatch: boolean) => Resource): Bundle {
  if (bundle.entry === undefined) return bundle;
  const entry = bundle.entry.map((each) =>
    each.resource === undefined || each.search?.mode === 'outcome'
      ? each
      : { ...each, resource: reduce(each.resource, each.search?.mode !== 'include') },
  );
  return { ...bundle, entry };
}

function summaryOf(resource: Resource, mode: string): Resource {
  if (mode === 'data') return mark(without(resource, 'text'));
  const properties = propertiesOf(resource.resourceType);
  const mandatory: Keep = (name) => (properties.get(name)?.element.min ?? 0) > 0;
  if (mode === 'text') return mark(pick(resource, (name) => name === 'text' || mandatory(name)));
  return mark(pickSummary(resource as unknown as Node, resource.resourceType) as unknown as Resource);
}

function elementsOf(resource: Resource, elements: readonly string[]): Resource {
  // `Patient.name` names one type's element; `name` every type's.
  const wanted = new Set(
    elements.flatMap((each) => {
      const [first = '', second] = each.split('.');
      if (second === undefined) return [first];
      return first === resource.resourceType ? [second] : [];
    }),
  );
  const properties = propertiesOf(resource.resourceType);
  const keep: Keep = (name) => {
    const element = properties.get(name)?.element;
    return (
      wanted.has(name) ||
      wanted.has(element?.name.replace('[x]', '') ?? '') ||
      (element?.min ?? 0) > 0 ||
      element?.modifier === true
    );
  };
  return mark(pick(resource, keep));
}

function pick(resource: Resource, keep: Keep): Resource {
  const kept = Object.entries(resource).filter(([name]) => ALWAYS.has(name) || keep(name.replace(/^_/, '')));
  return Object.fromEntries(kept) as unknown as Resource;
}

/** Elements marked as summary, down through backbone elements, whose parts carry marks of their own. */
function pickSummary(node: Node, type: string): Node {
  const properties = propertiesOf(type);
  const result: Node = {};
  for (const [name, value] of Object.entries(node)) {
    const property = properties.get(name.replace(/^_/, ''));
    if (ALWAYS.has(name)) result[name] = value;
    else if (property?.element.summary === true) {
      result[name] = property.element.backbone === undefined ? value : inside(value, property.type);
    }
  }
  return result;
}

function inside(value: unknown, type: string): unknown {
  return Array.isArray(value)
    ? value.map((each) => pickSummary(each as Node, type))
    : pickSummary(value as Node, type);
}

function without(resource: Resource, name: string): Resource {
  return pick(resource, (each) => each !== name);
}

function mark(resource: Resource): Resource {
  const tags = resource.meta?.tag ?? [];
  if (tags.some(({ code, system }) => code === SUBSETTED.code && system === SUBSETTED.system))
    return resource;
  return { ...resource, meta: { ...resource.meta, tag: [...tags, SUBSETTED] } };
}

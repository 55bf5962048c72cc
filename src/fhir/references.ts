/** References between resources. https://hl7.org/fhir/R4/references.html */
import type { Reference, Resource } from '@medplum/fhirtypes';
import { isResourceType, propertiesOf } from './definitions';

export type ParsedReference =
  /** `Patient/1`, `Patient/1/_history/2`, or the same under one of our base URLs. */
  | { kind: 'local'; type: string; id: string; version?: string }
  /** A RESTful address elsewhere, or any other absolute URL (then without type and id). */
  | { kind: 'absolute'; url: string; type?: string; id?: string; version?: string }
  /** `#id`, or `#` for the container itself (then the id is empty). */
  | { kind: 'contained'; id: string }
  /** `urn:uuid:...`, `urn:oid:...`. */
  | { kind: 'urn'; urn: string }
  /** `Patient?identifier=...` in a transaction. */
  | { kind: 'conditional'; type: string; query: string }
  | { kind: 'invalid' };

const RESTFUL =
  /^(?:(https?:\/\/.+?)\/)?([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?(?:#.*)?$/;
const CONDITIONAL = /^([A-Z][A-Za-z]+)\?(.+)$/;

const withoutSlash = (base: string): string => (base.endsWith('/') ? base.slice(0, -1) : base);

/**
 * Takes the text of `Reference.reference` apart.
 * @param baseUrls base URLs under which an absolute URL is ours (with or without a closing slash).
 */
export function parseReference(text: string, baseUrls: readonly string[] = []): ParsedReference {
  if (text.startsWith('#')) return { kind: 'contained', id: text.slice(1) };
  if (text.startsWith('urn:')) return { kind: 'urn', urn: text };
  const restful = RESTFUL.exec(text);
  const [, base, type, id, version] = restful ?? [];
  if (type !== undefined && id !== undefined && isResourceType(type)) {
    const target = { type, id, ...(version === undefined ? {} : { version }) };
    if (base === undefined || baseUrls.some((ours) => withoutSlash(ours) === base))
      return { kind: 'local', ...target };
    return { kind: 'absolute', url: text, ...target };
  }
  const conditional = CONDITIONAL.exec(text);
  if (conditional !== null && isResourceType(conditional[1] ?? '')) {
    return { kind: 'conditional', type: conditional[1] ?? '', query: conditional[2] ?? '' };
  }
  return /^[a-z][a-z0-9+.-]*:/i.test(text) ? { kind: 'absolute', url: text } : { kind: 'invalid' };
}

type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** How to walk one key of a type: what to do with a string there, and the type of an object there. */
interface Step {
  key: string;
  type: string;
  isReference: boolean;
  isAddress: boolean;
  isNarrative: boolean;
  isOpen: boolean;
}

/** Types whose values a transaction may rewrite (R4 http.html#trules: "all elements of type ... uri, url, canonical"). */
const ADDRESS_TYPES = new Set(['uri', 'url', 'canonical', 'oid', 'uuid']);

const stepsOfType = new Map<string, ReadonlyMap<string, Step>>();

function stepsOf(type: string): ReadonlyMap<string, Step> {
  const known = stepsOfType.get(type);
  if (known !== undefined) return known;
  const steps = new Map<string, Step>();
  for (const [key, property] of propertiesOf(type)) {
    const isAddress = ADDRESS_TYPES.has(property.type) || (type === 'Reference' && key === 'reference');
    const isNarrative = property.type === 'xhtml';
    const isReference = property.type === 'Reference';
    const isOpen = property.type === 'Resource';
    const isComplex = /^[A-Z]/.test(property.type);
    if (isAddress || isNarrative || isComplex)
      steps.set(key, { key, type: property.type, isReference, isAddress, isNarrative, isOpen });
  }
  stepsOfType.set(type, steps);
  return steps;
}

const typeOf = (step: Step, value: Node): string => (step.isOpen ? String(value['resourceType']) : step.type);

function visit(
  node: Node,
  type: string,
  path: string,
  fn: (reference: Reference, path: string) => void,
): void {
  const steps = stepsOf(type);
  for (const key in node) {
    if (key.startsWith('_')) {
      visitPrimitiveExtensions(node[key], `${path}.${key.slice(1)}`, fn);
      continue;
    }
    const step = steps.get(key);
    if (step === undefined) continue;
    const value = node[key];
    if (Array.isArray(value)) {
      value.forEach((item: unknown, i) => {
        if (isNode(item)) visitOne(item, step, `${path}.${key}[${i}]`, fn);
      });
    } else if (isNode(value)) visitOne(value, step, `${path}.${key}`, fn);
  }
}

function visitOne(
  value: Node,
  step: Step,
  path: string,
  fn: (reference: Reference, path: string) => void,
): void {
  if (step.isReference) fn(value as Reference, path);
  visit(value, typeOf(step, value), path, fn);
}

function visitPrimitiveExtensions(
  value: unknown,
  path: string,
  fn: (reference: Reference, path: string) => void,
): void {
  if (Array.isArray(value)) {
    value.forEach((item: unknown, i) => {
      if (isNode(item)) visit(item, 'Element', `${path}[${i}]`, fn);
    });
  } else if (isNode(value)) visit(value, 'Element', path, fn);
}

/** Calls `fn` with every Reference of a resource, contained resources and extensions included, and its FHIRPath. */
export function visitReferences(resource: Resource, fn: (reference: Reference, path: string) => void): void {
  visit(resource as unknown as Node, resource.resourceType, resource.resourceType, fn);
}

export type ReferenceMap = ReadonlyMap<string, string> | ((text: string) => string | undefined);

const lookupOf = (map: ReferenceMap): ((text: string) => string | undefined) =>
  typeof map === 'function' ? map : (text) => map.get(text);

const ENTITIES: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&#39;': "'",
};
const unescapeXml = (text: string): string =>
  text.replace(/&(?:amp|lt|gt|quot|apos|#39);/g, (entity) => ENTITIES[entity] ?? entity);
const escapeXml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;').replace(/'/g, '&#39;');

/** The links of a narrative: `<a href>` and `<img src>`. */
function rewriteNarrative(div: string, lookup: (text: string) => string | undefined): string {
  return div.replace(
    /(\s(?:href|src)\s*=\s*)(?:"([^"]*)"|'([^']*)')/g,
    (whole, head: string, double?: string, single?: string) => {
      const target = lookup(unescapeXml(double ?? single ?? ''));
      return target === undefined ? whole : `${head}"${escapeXml(target)}"`;
    },
  );
}

function rewriteText(text: string, step: Step, lookup: (text: string) => string | undefined): string {
  if (step.isNarrative) return rewriteNarrative(text, lookup);
  return step.isAddress ? (lookup(text) ?? text) : text;
}

function rewriteList(list: unknown[], step: Step, lookup: (text: string) => string | undefined): void {
  list.forEach((item, i) => {
    if (typeof item === 'string') list[i] = rewriteText(item, step, lookup);
    else if (isNode(item)) rewrite(item, typeOf(step, item), lookup);
  });
}

function rewrite(node: Node, type: string, lookup: (text: string) => string | undefined): void {
  const steps = stepsOf(type);
  for (const key of Object.keys(node)) {
    const value = node[key];
    if (key.startsWith('_')) {
      for (const item of Array.isArray(value) ? (value as unknown[]) : [value])
        if (isNode(item)) rewrite(item, 'Element', lookup);
      continue;
    }
    const step = steps.get(key);
    if (step === undefined) continue;
    if (typeof value === 'string') node[key] = rewriteText(value, step, lookup);
    else if (Array.isArray(value)) rewriteList(value, step, lookup);
    else if (isNode(value)) rewrite(value, typeOf(step, value), lookup);
  }
}

/**
 * Replaces addresses in place: in references, in everything of type uri, url, canonical, oid or uuid
 * (`Attachment.url`, `valueUri` of extensions), and in the links of narratives. Text that merely looks alike
 * (`Identifier.value`, a string) stays. https://hl7.org/fhir/R4/http.html#trules
 * @param map from the text as written to its replacement; texts it does not know stay.
 */
export function rewriteReferences(resource: Resource, map: ReferenceMap): void {
  rewrite(resource as unknown as Node, resource.resourceType, lookupOf(map));
}

/**
 * Makes references to our own base URL relative, in place: both forms name one resource, and whoever follows
 * references here looks for the relative one. https://hl7.org/fhir/R4/references.html#literal
 * @param baseUrl without a closing slash. A Bundle's references are about its entries and stay.
 */
export function relativeToOwn(resource: Resource, baseUrl: string): void {
  if (resource.resourceType === 'Bundle') return;
  const base = `${baseUrl}/`;
  visitReferences(resource, (reference) => {
    const text: unknown = reference.reference;
    if (typeof text !== 'string' || !text.startsWith(base)) return;
    if (parseReference(text, [baseUrl]).kind === 'local') reference.reference = text.slice(base.length);
  });
}

/** Id of the resource of the type that a reference of this server leads to; undefined when it leads elsewhere. */
export function referencedId(reference: Reference | undefined, type: string): string | undefined {
  const parsed = reference?.reference === undefined ? undefined : parseReference(reference.reference);
  return parsed?.kind === 'local' && parsed.type === type ? parsed.id : undefined;
}

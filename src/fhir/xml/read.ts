/** application/fhir+xml to JSON objects, typed by R4's definitions. https://hl7.org/fhir/R4/xml.html */
import type { Resource } from '@medplum/fhirtypes';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { isPrimitiveType, isResourceType, propertiesOf, type Property } from '../definitions';
import { keepDecimal } from '../json';
import { ProblemError } from '../problem';
import {
  divisionAttributes,
  isAboutNamespaces,
  namespacesWithin,
  NO_NAMESPACES,
  resolveName,
  xhtmlPrefixes,
  xhtmlWithoutPrefixes,
  type Namespaces,
} from './namespaces';
import { divisionText } from './narrative';
import { decodeEntities, FHIR_NAMESPACE, MAX_DEPTH, XHTML_NAMESPACE } from './xml-text';

type Json = Record<string, unknown>;

/** An element in document order, as the library gives it with `preserveOrder`. */
type Ordered = Record<string, unknown>;

interface Element {
  /** Without its prefix. */
  name: string;
  /** The namespace it is in; undefined when none is declared. */
  namespace: string | undefined;
  /** What prefixes stand for within it. */
  namespaces: Namespaces;
  attributes: Record<string, string>;
  children: Ordered[];
}

const OPTIONS = {
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseAttributeValue: false,
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  // Entities are decoded here, where each kind of value is known: narratives keep theirs.
  processEntities: false,
  stopNodes: ['*.div'],
  maxNestedTags: MAX_DEPTH,
};

const parser = new XMLParser(OPTIONS);

/** The library knows narratives by their name as written, so each prefix that XHTML has here makes one more. */
function parserOf(text: string): XMLParser {
  const prefixes = xhtmlPrefixes(text);
  if (prefixes.length === 0) return parser;
  return new XMLParser({
    ...OPTIONS,
    stopNodes: [...OPTIONS.stopNodes, ...prefixes.map((prefix) => `*.${prefix}:div`)],
  });
}

const malformed = (message: string): ProblemError => new ProblemError('malformed', message);

function elementOf(node: Ordered, outer: Namespaces): Element | undefined {
  const name = Object.keys(node).find((key) => key !== ':@');
  if (name === undefined || name === '#text') return undefined;
  const children = node[name];
  const attributes = (node[':@'] ?? {}) as Record<string, string>;
  const namespaces = namespacesWithin(outer, attributes);
  const { local, namespace } = resolveName(name, namespaces);
  return {
    name: local,
    namespace,
    namespaces,
    attributes,
    children: Array.isArray(children) ? (children as Ordered[]) : [],
  };
}

/** An element's name where it can be told. */
const tellable = (name: string): string => (/^[A-Za-z]\w{0,63}$/.test(name) ? ` ${name}` : '');

function demandFhir({ name, namespace }: Element): void {
  if (namespace !== FHIR_NAMESPACE)
    throw malformed(`The element${tellable(name)} is not in the namespace of FHIR, ${FHIR_NAMESPACE}.`);
}

const textOf = (nodes: readonly Ordered[]): string =>
  nodes.map((node) => (typeof node['#text'] === 'string' ? node['#text'] : '')).join('');

/** The child elements; text between them may only be white space (values are attributes in FHIR). */
function childrenOf({ children, name, namespaces }: Element): Element[] {
  if (textOf(children).trim() !== '')
    throw malformed(`The element ${name} has text; values belong into attributes.`);
  return children.flatMap((node) => elementOf(node, namespaces) ?? []);
}

function checkAttributes({ attributes, name }: Element, allowed: readonly string[]): void {
  for (const attribute of Object.keys(attributes)) {
    if (!allowed.includes(attribute) && !isAboutNamespaces(attribute))
      throw malformed(`The element ${name} has an attribute that FHIR does not define.`);
  }
}

/** The value of a primitive; what does not fit its type stays text, and the validator says so. */
function primitiveValue(type: string, text: string): unknown {
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  const isNumber =
    type === 'decimal' || type === 'integer' || type === 'unsignedInt' || type === 'positiveInt';
  return isNumber && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : text;
}

interface Read {
  value: unknown;
  sibling: Json | undefined;
  literal: string | undefined;
}

function readPrimitive(element: Element, type: string): Read {
  checkAttributes(element, ['value', 'id']);
  const { attributes } = element;
  const raw = attributes['value'];
  const text = raw === undefined ? undefined : decodeEntities(raw);
  const value = text === undefined ? undefined : primitiveValue(type, text);
  const sibling: Json = attributes['id'] === undefined ? {} : { id: decodeEntities(attributes['id']) };
  readChildren(childrenOf(element), 'Element', sibling);
  return {
    value,
    sibling: Object.keys(sibling).length > 0 ? sibling : undefined,
    literal: typeof value === 'number' ? text : undefined,
  };
}

function readNarrative({ attributes, children, namespace, namespaces }: Element): Read {
  if (namespace !== XHTML_NAMESPACE)
    throw malformed(`The narrative is not in the namespace of XHTML, ${XHTML_NAMESPACE}.`);
  if (children.some((child) => elementOf(child, namespaces) !== undefined))
    throw malformed('The prefix of the XHTML namespace may have letters, digits, _ and - only.');
  const inside = xhtmlWithoutPrefixes(textOf(children), namespaces);
  return {
    value: divisionText({ attributes: divisionAttributes(attributes), inside }),
    sibling: undefined,
    literal: undefined,
  };
}

function readInnerResource(element: Element): Read {
  const [resource, ...others] = childrenOf(element);
  if (resource === undefined || others.length > 0)
    throw malformed(`The element ${element.name} must hold one resource.`);
  return { value: readResource(resource), sibling: undefined, literal: undefined };
}

function readComplex(element: Element, type: string): Read {
  const attributeNames = [...propertiesOf(type)]
    .filter(([, property]) => property.element.attribute === true)
    .map(([key]) => key);
  checkAttributes(element, attributeNames);
  const value: Json = {};
  for (const key of attributeNames) {
    const raw = element.attributes[key];
    if (raw !== undefined) value[key] = decodeEntities(raw);
  }
  readChildren(childrenOf(element), type, value);
  return { value, sibling: undefined, literal: undefined };
}

function readValue(element: Element, property: Property): Read {
  if (property.type === 'xhtml') return readNarrative(element);
  demandFhir(element);
  if (property.type === 'Resource') return readInnerResource(element);
  return isPrimitiveType(property.type)
    ? readPrimitive(element, property.type)
    : readComplex(element, property.type);
}

function appendTo(object: Json, key: string, { value, sibling }: Read): void {
  const values = (object[key] ??= []) as unknown[];
  values.push(value ?? null);
  const siblingKey = `_${key}`;
  if (sibling === undefined && object[siblingKey] === undefined) return;
  const siblings = (object[siblingKey] ??= []) as unknown[];
  while (siblings.length < values.length - 1) siblings.push(null);
  siblings.push(sibling ?? null);
}

function put(object: Json, key: string, read: Read, element: string): void {
  if (object[key] !== undefined || object[`_${key}`] !== undefined)
    throw malformed(`The element ${element} is repeated.`);
  if (read.value !== undefined) object[key] = read.value;
  if (read.sibling !== undefined) object[`_${key}`] = read.sibling;
  if (read.literal !== undefined) keepDecimal(object, key, read.literal);
}

function readChildren(elements: readonly Element[], type: string, into: Json): void {
  const properties = propertiesOf(type);
  for (const element of elements) {
    const property = properties.get(element.name);
    if (property === undefined || property.element.attribute === true) {
      demandFhir(element);
      throw malformed(`The element${tellable(element.name)} is not defined in ${type}.`);
    }
    const read = readValue(element, property);
    if (property.isList) appendTo(into, element.name, read);
    else put(into, element.name, read, element.name);
  }
  // A list of primitives of which none has a value is only its siblings.
  for (const key of Object.keys(into)) {
    const list = into[key];
    if (Array.isArray(list) && !key.startsWith('_') && list.every((item) => item === null))
      Reflect.deleteProperty(into, key);
  }
}

function readResource(element: Element): Json {
  const { name } = element;
  demandFhir(element);
  if (!isResourceType(name)) throw malformed('The XML has an element where a resource of R4 is expected.');
  checkAttributes(element, []);
  const resource: Json = { resourceType: name };
  readChildren(childrenOf(element), name, resource);
  return resource;
}

/**
 * Parses a FHIR resource in XML; decimals keep their text, narratives their markup.
 * @throws ProblemError 400 for XML that is not well-formed, has a document type (entities), or is not FHIR
 */
export function parseFhirXml(text: string): Resource {
  if (/<!DOCTYPE|<!ENTITY/i.test(text)) throw malformed('A document type is not allowed in FHIR XML.');
  if (XMLValidator.validate(text) !== true) throw malformed('The body is not well-formed XML.');
  let nodes: Ordered[];
  try {
    nodes = parserOf(text).parse(text) as Ordered[];
  } catch {
    throw malformed('The body is not well-formed XML, or is nested too deeply.');
  }
  const [root, ...others] = nodes.flatMap((node) => elementOf(node, NO_NAMESPACES) ?? []);
  if (root === undefined || others.length > 0) throw malformed('The body is not one XML element.');
  return readResource(root) as unknown as Resource;
}

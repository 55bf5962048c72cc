/** JSON objects to application/fhir+xml, elements in the order of R4's definitions. https://hl7.org/fhir/R4/xml.html */
import type { Resource } from '@medplum/fhirtypes';
import { XMLBuilder } from 'fast-xml-parser';
import { isPrimitiveType, propertiesOf, type Property } from '../definitions';
import { decimalText } from '../json';
import { divisionOf } from './narrative';
import { escapeAttribute, FHIR_NAMESPACE } from './xml-text';

type Json = Record<string, unknown>;
type Ordered = Record<string, unknown>;

const options = {
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  suppressEmptyNode: true,
  suppressBooleanAttributes: false,
  // Values are escaped here; narratives are already XHTML.
  processEntities: false,
  stopNodes: ['*.div'],
};

const compact = new XMLBuilder(options);
const pretty = new XMLBuilder({ ...options, format: true, indentBy: '  ' });

/** Marks the ends of a narrative's inside until the indentation is done; no narrative can have guessed it. */
const MARK = `edge-${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`;
const [OPEN, CLOSE] = [`${MARK}-open`, `${MARK}-close`];
const PADDING = new RegExp(`\\s*${OPEN}|${CLOSE}\\s*`, 'g');

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const element = (name: string, children: Ordered[], attributes: Record<string, string>): Ordered =>
  Object.keys(attributes).length === 0 ? { [name]: children } : { [name]: children, ':@': attributes };

function primitiveElement(name: string, text: string | undefined, sibling: unknown): Ordered {
  const attributes: Record<string, string> = {};
  const children: Ordered[] = [];
  if (isObject(sibling)) {
    if (typeof sibling['id'] === 'string') attributes['id'] = escapeAttribute(sibling['id']);
    writeMembers(sibling, 'Element', children);
  }
  if (text !== undefined) attributes['value'] = escapeAttribute(text);
  return element(name, children, attributes);
}

function narrativeElement(name: string, value: unknown): Ordered[] {
  const division = typeof value === 'string' ? divisionOf(value) : undefined;
  if (division === undefined) return [];
  return [
    element(
      name,
      division.inside === '' ? [] : [{ '#text': OPEN + division.inside + CLOSE }],
      division.attributes,
    ),
  ];
}

function complexElement(name: string, value: Json, type: string): Ordered {
  if (type === 'Resource') return element(name, [resourceElement(value, {})], {});
  const attributes: Record<string, string> = {};
  for (const [key, property] of propertiesOf(type)) {
    const text = value[key];
    if (property.element.attribute === true && typeof text === 'string')
      attributes[key] = escapeAttribute(text);
  }
  const children: Ordered[] = [];
  writeMembers(value, type, children);
  return element(name, children, attributes);
}

const textOf = (holder: object, key: string, value: unknown): string | undefined => {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' ? (decimalText(holder, key) ?? String(value)) : String(value);
};

function writePrimitive(object: Json, key: string, into: Ordered[]): void {
  const [value, sibling] = [object[key], object[`_${key}`]];
  if (!Array.isArray(value) && !Array.isArray(sibling)) {
    if (value !== undefined || sibling !== undefined)
      into.push(primitiveElement(key, textOf(object, key, value), sibling));
    return;
  }
  const values = Array.isArray(value) ? (value as unknown[]) : [];
  const siblings = Array.isArray(sibling) ? (sibling as unknown[]) : [];
  for (let i = 0; i < Math.max(values.length, siblings.length); i++) {
    into.push(primitiveElement(key, textOf(values, String(i), values[i]), siblings[i]));
  }
}

function writeMember(object: Json, key: string, { type }: Property, into: Ordered[]): void {
  const value = object[key];
  if (type === 'xhtml') into.push(...narrativeElement(key, value));
  else if (isPrimitiveType(type)) writePrimitive(object, key, into);
  else {
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isObject(item)) into.push(complexElement(key, item, type));
    }
  }
}

function writeMembers(object: Json, type: string, into: Ordered[]): void {
  for (const [key, property] of propertiesOf(type)) {
    if (property.element.attribute === true) continue;
    if (object[key] !== undefined || object[`_${key}`] !== undefined)
      writeMember(object, key, property, into);
  }
}

function resourceElement(resource: Json, attributes: Record<string, string>): Ordered {
  const type = String(resource['resourceType']);
  const children: Ordered[] = [];
  writeMembers(resource, type, children);
  return element(type, children, attributes);
}

/** Writes a resource as XML; what R4 does not define in it is left out. */
export function stringifyFhirXml(resource: Resource, format: { pretty?: boolean } = {}): string {
  const root = resourceElement(resource as unknown as Json, { xmlns: FHIR_NAMESPACE });
  const body = (format.pretty === true ? pretty : compact).build([root]);
  // Indentation must not reach into narratives, where white space may be content.
  const text = body.replace(PADDING, '');
  return `<?xml version="1.0" encoding="UTF-8"?>\n${text.trim()}`;
}

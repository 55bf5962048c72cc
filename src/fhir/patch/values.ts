/** The `value` part of a patch operation as the JSON of an element. */
import type { ParametersParameter } from '@medplum/fhirtypes';
import { isPrimitiveType, propertiesOf, typeDefinition, type Property } from '../definitions';
import { isOfType } from '../fhirpath/nodes';
import { cloneResource } from '../json';
import { insertInto, writeAt, type PatchValue } from './places';

type Json = Record<string, unknown>;

export interface PatchProperty {
  key: string;
  type: string;
  isList: boolean;
  /** Every key of the same element: more than one for a choice. */
  alternatives: string[];
}

interface StatedValue {
  /** FHIR type that the part states (`valueCode` states `code`). */
  type: string;
  value: unknown;
  sibling: unknown;
  /** The part itself and its key, for the literal of a decimal. */
  holder: Json;
  key: string;
}

function statedValue(part: ParametersParameter): StatedValue | undefined {
  const holder = part as unknown as Json;
  const key = Object.keys(holder)
    .find((name) => /^_?value[A-Z]/.test(name))
    ?.replace(/^_/, '');
  if (key === undefined) return undefined;
  const capital = key.slice('value'.length);
  const lower = capital.charAt(0).toLowerCase() + capital.slice(1);
  const type = isPrimitiveType(lower) ? lower : capital;
  return { type, value: holder[key], sibling: holder[`_${key}`], holder, key };
}

const STRING_LIKE = new Set([
  'string',
  'markdown',
  'code',
  'id',
  'uri',
  'url',
  'canonical',
  'oid',
  'uuid',
  'base64Binary',
  'xhtml',
]);

/** Whether a value stated as one type may be written where another is expected; its form is validated afterwards. */
function isAcceptable(stated: string, expected: string): boolean {
  if (stated === expected || isOfType(stated, expected) || isOfType(expected, stated)) return true;
  if (stated === 'string') return STRING_LIKE.has(expected);
  return expected === 'dateTime' && (stated === 'date' || stated === 'instant');
}

function choiceKeys(type: string, stem: string): [string, Property][] {
  return [...propertiesOf(type)].filter(([, { element }]) => element.name === `${stem}[x]`);
}

function propertyOf(key: string, { type, isList, element }: Property, ownerType: string): PatchProperty {
  const alternatives = element.name.endsWith('[x]')
    ? choiceKeys(ownerType, element.name.slice(0, -3)).map(([name]) => name)
    : [key];
  return { key, type, isList, alternatives };
}

/**
 * The property that `name` means for a value: a choice by its name without type (`deceased`) takes the type of
 * the value. A string says why there is none.
 */
export function propertyFor(
  ownerType: string,
  name: string,
  part: ParametersParameter,
): PatchProperty | string {
  const stated = statedValue(part);
  const direct = propertiesOf(ownerType).get(name);
  const stem = direct?.element.name.endsWith('[x]') ? direct.element.name.slice(0, -3) : name;
  const choices = choiceKeys(ownerType, stem);
  if (choices.length > 0) {
    const fits = ([, { type }]: [string, Property]): boolean => stated !== undefined && stated.type === type;
    const chosen =
      choices.find(fits) ??
      choices.find(([key, { type }]) => key === name && isAcceptable(stated?.type ?? '', type));
    return chosen === undefined
      ? 'has a value of a type that the element may not have'
      : propertyOf(chosen[0], chosen[1], ownerType);
  }
  return direct === undefined
    ? 'names an element that is not defined there'
    : propertyOf(name, direct, ownerType);
}

/** A backbone element (or a type that Parameters cannot state) from nested parts, one per child. */
function valueOfParts(type: string, parts: readonly ParametersParameter[]): Json | string {
  const object: Json = {};
  for (const part of parts) {
    const property = propertyFor(type, part.name ?? '', part);
    if (typeof property === 'string') return property;
    const value = valueOf(property.type, part);
    if (typeof value === 'string') return value;
    const { key, isList } = property;
    if (!isList && (object[key] !== undefined || object[`_${key}`] !== undefined))
      return 'states an element twice that does not repeat';
    if (isList) insertInto(object, key, Infinity, value);
    else writeAt({ object, key, index: -1 }, value);
  }
  return Object.keys(object).length === 0 ? 'has an empty value' : object;
}

const BLOCK =
  '/?(?:div|p|h[1-6]|blockquote|pre|hr|table|caption|thead|tbody|tfoot|tr|th|td|ul|ol|li|dl|dt|dd)\\b';
const INDENTATION = new RegExp(`(<${BLOCK}[^>]*>)\\s+(?=<)|(>)\\s+(?=<${BLOCK})`, 'g');

/** White space between blocks is how the sender laid out its markup, not content; inside of lines it stays. */
function withoutIndentation(div: string): string {
  return div.replace(INDENTATION, '$1$2');
}

/** The JSON of a value part for an element of a type; a string says why it does not fit. */
export function valueOf(type: string, part: ParametersParameter): PatchValue | string {
  if (type === 'Resource') {
    return part.resource === undefined
      ? 'needs a resource as value'
      : { key: '', value: cloneResource(part.resource), sibling: undefined };
  }
  const stated = statedValue(part);
  if (stated === undefined) {
    if (part.part === undefined) return 'has no value';
    if (isPrimitiveType(type)) return 'has parts where a primitive value is needed';
    const value = valueOfParts(type, part.part);
    return typeof value === 'string' ? value : { key: '', value, sibling: undefined };
  }
  const isBackbone = typeDefinition(type)?.kind === 'backbone';
  if (isBackbone || !isAcceptable(stated.type, type))
    return 'has a value of a type that the element may not have';
  if (type === 'xhtml')
    return { key: '', value: withoutIndentation(String(stated.value)), sibling: undefined };
  const { holder, key } = stated;
  return {
    key,
    value: cloneResource(stated.value),
    sibling: cloneResource(stated.sibling),
    source: { holder, key },
  };
}

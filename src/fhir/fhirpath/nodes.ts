/** What FHIRPath walks over: values with their FHIR types and their places in the resource. */
import type { ParsedReference } from '../references';
import { parseReference } from '../references';
import { propertiesOf, typeDefinition } from '../definitions';

export interface Node {
  /** The JSON value; undefined for a primitive that has extensions only. */
  value: unknown;
  /** FHIR type: `Patient`, `HumanName`, `Patient.contact`, `code`. */
  type: string;
  /** `_birthDate` of `birthDate`: id and extensions of a primitive. */
  sibling: unknown;
  parent: Node | undefined;
  /** JSON key under the parent, and the position when that is a list (else -1). */
  key: string;
  index: number;
}

type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** A node that stands in no resource: a literal or a result. */
export function freeNode(value: unknown, type: string): Node {
  return { value, type, sibling: undefined, parent: undefined, key: '', index: -1 };
}

export function resourceNode(resource: object): Node {
  return freeNode(resource, String((resource as Json)['resourceType'] ?? 'Element'));
}

interface Place {
  key: string;
  sibling: string;
  type: string;
}

/** Where a name leads: to one key, or to the keys of a choice (50 of them in Extension, so they are also found by key). */
interface Places {
  list: Place[];
  byKey: Map<string, Place> | undefined;
}

/** With more keys than this it is quicker to go through what the object has. */
const MANY = 6;

const placesOfType = new Map<string, ReadonlyMap<string, Places>>();

/** FHIRPath names of a type: `value` reaches every `value[x]`; the spelled-out `valueQuantity` works as well. */
function placesOf(type: string): ReadonlyMap<string, Places> {
  const known = placesOfType.get(type);
  if (known !== undefined) return known;
  const places = new Map<string, Places>();
  for (const [key, property] of propertiesOf(type)) {
    const place = { key, sibling: `_${key}`, type: property.type };
    places.set(key, { list: [place], byKey: undefined });
    if (!property.element.name.endsWith('[x]')) continue;
    const stem = property.element.name.slice(0, -3);
    places.set(stem, { list: [...(places.get(stem)?.list ?? []), place], byKey: undefined });
  }
  for (const choice of places.values()) {
    if (choice.list.length > MANY)
      choice.byKey = new Map(
        choice.list.flatMap(
          (place) =>
            [
              [place.key, place],
              [place.sibling, place],
            ] as const,
        ),
      );
  }
  placesOfType.set(type, places);
  return places;
}

function typeOfValue(value: unknown): string {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'decimal';
  if (typeof value === 'string') return 'string';
  return isObject(value) && typeof value['resourceType'] === 'string' ? value['resourceType'] : 'Element';
}

function pushPlace(node: Node, object: Json, place: Place, into: Node[]): void {
  const value = object[place.key];
  const sibling = object[place.sibling];
  if (value === undefined && sibling === undefined) return;
  const typeOf = (item: unknown): string =>
    place.type === 'Resource' && isObject(item) ? String(item['resourceType']) : place.type;
  if (Array.isArray(value) || Array.isArray(sibling)) {
    const values = Array.isArray(value) ? (value as unknown[]) : [];
    const siblings = Array.isArray(sibling) ? (sibling as unknown[]) : [];
    const length = Math.max(values.length, siblings.length);
    for (let i = 0; i < length; i++) {
      const item = values[i] ?? undefined;
      into.push({
        value: item,
        type: typeOf(item),
        sibling: siblings[i] ?? undefined,
        parent: node,
        key: place.key,
        index: i,
      });
    }
  } else into.push({ value, type: typeOf(value), sibling, parent: node, key: place.key, index: -1 });
}

/** The object whose members a node has: itself, or a primitive's `_sibling`. */
const membersOf = (node: Node): unknown => (isObject(node.value) ? node.value : node.sibling);

/** Children named `name`, in order. */
export function pushChildren(node: Node, name: string, into: Node[]): void {
  const object = membersOf(node);
  if (!isObject(object)) return;
  const type = object === node.value ? node.type : 'Element';
  const places = placesOf(type).get(name);
  if (places?.byKey !== undefined) {
    for (const key in object) {
      const place = places.byKey.get(key);
      // `_valueCode` beside `valueCode` is one element.
      const isKnown = place !== undefined && (key === place.key || object[place.key] === undefined);
      if (isKnown) pushPlace(node, object, place, into);
    }
  } else if (places !== undefined) {
    for (const place of places.list) pushPlace(node, object, place, into);
  } else if (typeDefinition(type) === undefined || type === 'Element') {
    // Content without a definition (a patch under way, an unknown type) is walked by its JSON keys.
    const value = object[name];
    const key = {
      key: name,
      sibling: `_${name}`,
      type: typeOfValue(Array.isArray(value) ? value[0] : value),
    };
    if (name !== 'resourceType') pushPlace(node, object, key, into);
  }
}

/** All children of a node, in the order of its JSON. */
export function pushAllChildren(node: Node, into: Node[]): void {
  const object = membersOf(node);
  if (!isObject(object)) return;
  const type = object === node.value ? node.type : 'Element';
  const seen = new Set<string>();
  for (const raw of Object.keys(object)) {
    const key = raw.startsWith('_') ? raw.slice(1) : raw;
    if (key === 'resourceType' || seen.has(key)) continue;
    seen.add(key);
    const places = placesOf(type).get(key);
    pushPlace(
      node,
      object,
      places?.list[0] ?? { key, sibling: `_${key}`, type: typeOfValue(object[key]) },
      into,
    );
  }
}

const SYSTEM_TYPES: Record<string, string> = {
  String: 'string',
  Boolean: 'boolean',
  Integer: 'integer',
  Decimal: 'decimal',
  Date: 'date',
  DateTime: 'dateTime',
  Time: 'time',
};

/** `FHIR.Patient`, `System.String`, `Patient` as a FHIR type name. */
export function typeNameOf(specifier: string): string {
  const name = specifier.replace(/^(FHIR|System)\./, '');
  return SYSTEM_TYPES[name] ?? name;
}

/** Whether a type is another one or derives from it (`code` is a `string`, `Patient` a `Resource`). */
export function isOfType(type: string, wanted: string): boolean {
  if (type === wanted) return true;
  for (let name: string | undefined = type; name !== undefined; name = typeDefinition(name)?.base) {
    if (name === wanted) return true;
  }
  return false;
}

function findInBundle(bundle: Json, text: string): Node | undefined {
  const entries = Array.isArray(bundle['entry']) ? (bundle['entry'] as unknown[]) : [];
  for (const entry of entries) {
    if (!isObject(entry) || !isObject(entry['resource'])) continue;
    const fullUrl = entry['fullUrl'];
    if (fullUrl === text || (typeof fullUrl === 'string' && fullUrl.endsWith(`/${text}`)))
      return resourceNode(entry['resource']);
  }
  return undefined;
}

function stubOf(parsed: ParsedReference, type: unknown): Node | undefined {
  const known = 'type' in parsed && parsed.type !== undefined ? parsed.type : type;
  if (typeof known !== 'string' || known === '') return undefined;
  const id = 'id' in parsed ? parsed.id : undefined;
  return freeNode({ resourceType: known, ...(id === undefined ? {} : { id }) }, known);
}

/**
 * `resolve()`: contained resources and entries of the surrounding Bundle are found; of others only the type
 * and id are known here, which is what `resolve() is Patient` asks for.
 */
export function resolveReference(node: Node, root: Node): Node | undefined {
  const reference = isObject(node.value) ? node.value['reference'] : node.value;
  const type = isObject(node.value) ? node.value['type'] : undefined;
  const text = typeof reference === 'string' ? reference : '';
  const container = root.value as Json;
  const parsed = parseReference(text);
  if (parsed.kind === 'contained') {
    const contained = Array.isArray(container['contained']) ? (container['contained'] as unknown[]) : [];
    const found =
      parsed.id === '' ? container : contained.find((item) => isObject(item) && item['id'] === parsed.id);
    return isObject(found) ? resourceNode(found) : undefined;
  }
  const inBundle = container['resourceType'] === 'Bundle' ? findInBundle(container, text) : undefined;
  return inBundle ?? stubOf(parsed, type);
}

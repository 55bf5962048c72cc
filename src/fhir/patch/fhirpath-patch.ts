/** FHIRPath Patch. https://hl7.org/fhir/R4/fhirpatch.html */
import type { Parameters, ParametersParameter, Resource } from '@medplum/fhirtypes';
import { compileClientFhirPath } from '../fhirpath';
import { resourceNode, type Node } from '../fhirpath/nodes';
import { cloneResource } from '../json';
import { ProblemError } from '../problem';
import { requireSameResource } from './identity';
import { insertInto, moveWithin, placeOf, removeAt, writeAt, type PatchValue, type Place } from './places';
import { propertyFor, valueOf } from './values';

type Parts = ReadonlyMap<string, ParametersParameter>;

const malformed = (at: number, what: string): ProblemError =>
  new ProblemError('malformed', `Operation ${at} of the FHIRPath Patch ${what}.`);

const inapplicable = (at: number, what: string): ProblemError =>
  new ProblemError('invalid', `Operation ${at} of the FHIRPath Patch ${what}.`);

function text(parts: Parts, name: string, at: number): string {
  const part = parts.get(name) as Record<string, unknown> | undefined;
  const value = part?.['valueString'] ?? part?.['valueCode'];
  if (typeof value !== 'string' || value === '') throw malformed(at, `has no ${name}`);
  return value;
}

function position(parts: Parts, name: string, at: number): number {
  const value = parts.get(name)?.valueInteger;
  if (value === undefined || !Number.isInteger(value) || value < 0)
    throw malformed(at, `has no ${name} (valueInteger)`);
  return value;
}

function valuePart(parts: Parts, at: number): ParametersParameter {
  const part = parts.get('value');
  if (part === undefined) throw malformed(at, 'has no value');
  return part;
}

function select(resource: Resource, parts: Parts, at: number): readonly Node[] {
  const path = text(parts, 'path', at);
  const evaluate = compileClientFhirPath(path, `The path of operation ${at}`);
  const root = resourceNode(resource);
  try {
    return evaluate(root, root, root, {});
  } catch {
    throw inapplicable(at, 'has a path that cannot be evaluated on the resource');
  }
}

function one(nodes: readonly Node[], at: number): Node {
  const [node] = nodes;
  if (node === undefined) throw inapplicable(at, 'has a path that selects nothing');
  if (nodes.length > 1) throw inapplicable(at, 'has a path that selects several elements');
  return node;
}

/** The value for a property, with its JSON key (a choice gets its type's name). */
function typed(
  ownerType: string,
  name: string,
  part: ParametersParameter,
  at: number,
): PatchValue & { isList: boolean } {
  const property = propertyFor(ownerType, name, part);
  if (typeof property === 'string') throw inapplicable(at, property);
  const value = valueOf(property.type, part);
  if (typeof value === 'string') throw inapplicable(at, value);
  return { ...value, key: property.key, isList: property.isList };
}

function isPresent(owner: Record<string, unknown>, keys: readonly string[]): boolean {
  return keys.some((key) => owner[key] !== undefined || owner[`_${key}`] !== undefined);
}

function add(resource: Resource, parts: Parts, at: number): void {
  const node = one(select(resource, parts, at), at);
  const name = text(parts, 'name', at);
  const part = valuePart(parts, at);
  const owner = ownerOf(node, at);
  const property = propertyFor(owner.type, name, part);
  if (typeof property === 'string') throw inapplicable(at, property);
  const value = typed(owner.type, name, part, at);
  if (!value.isList && isPresent(owner.object, property.alternatives)) {
    throw inapplicable(at, 'adds an element that is there already and does not repeat');
  }
  if (!value.isList) writeAt({ object: owner.object, key: value.key, index: -1 }, value);
  else insertInto(owner.object, value.key, Infinity, value);
}

/** The object whose members a node has; a primitive's are in its `_sibling`, which is made when it is needed. */
function ownerOf(node: Node, at: number): { object: Record<string, unknown>; type: string } {
  if (typeof node.value === 'object' && node.value !== null)
    return { object: node.value as Record<string, unknown>, type: node.type };
  const place = placeOf(node);
  if (place === undefined) throw inapplicable(at, 'has a path that is no element of the resource');
  const sibling: Record<string, unknown> =
    typeof node.sibling === 'object' && node.sibling !== null
      ? (node.sibling as Record<string, unknown>)
      : {};
  writeAt(place, { key: place.key, value: node.value, sibling });
  return { object: sibling, type: 'Element' };
}

function placed(node: Node, at: number): Place {
  const place = placeOf(node);
  if (place === undefined) throw inapplicable(at, 'has a path that is no element inside the resource');
  return place;
}

function replace(resource: Resource, parts: Parts, at: number): void {
  const node = one(select(resource, parts, at), at);
  const place = placed(node, at);
  const value = typed(node.parent?.type ?? '', place.key, valuePart(parts, at), at);
  if (value.key === place.key) writeAt(place, value);
  else {
    // Another type of the same choice: deceasedBoolean becomes deceasedDateTime.
    removeAt({ ...place });
    writeAt({ object: place.object, key: value.key, index: -1 }, value);
  }
}

function remove(resource: Resource, parts: Parts, at: number): void {
  const nodes = select(resource, parts, at);
  if (nodes.length === 0) return;
  const node = one(nodes, at);
  placed(node, at);
  removeNode(node);
}

/** Removes a node, and what is left empty above it: an element without content does not exist in FHIR. */
function removeNode(node: Node): void {
  const place = placeOf(node);
  if (place === undefined) return;
  removeAt(place);
  const { parent } = node;
  if (parent?.parent !== undefined && Object.keys(place.object).length === 0) removeNode(parent);
}

/** The one list that a path selects as a whole. */
function listOf(nodes: readonly Node[], at: number): Place {
  const [first] = nodes;
  if (first === undefined) throw inapplicable(at, 'has a path that selects nothing');
  const place = placed(first, at);
  const isOneList = nodes.every(
    (node) => node.parent?.value === first.parent?.value && node.key === first.key,
  );
  if (place.index < 0 || !isOneList) throw inapplicable(at, 'has a path that is not one list');
  const list = place.object[place.key] ?? place.object[`_${place.key}`];
  if (!Array.isArray(list) || list.length !== nodes.length)
    throw inapplicable(at, 'has a path that is not a whole list');
  return place;
}

function insert(resource: Resource, parts: Parts, at: number): void {
  const nodes = select(resource, parts, at);
  const place = listOf(nodes, at);
  const index = position(parts, 'index', at);
  if (index > nodes.length) throw inapplicable(at, 'has an index beyond the list');
  const value = typed(nodes[0]?.parent?.type ?? '', place.key, valuePart(parts, at), at);
  insertInto(place.object, place.key, index, value);
}

function move(resource: Resource, parts: Parts, at: number): void {
  const nodes = select(resource, parts, at);
  const place = listOf(nodes, at);
  const [source, destination] = [position(parts, 'source', at), position(parts, 'destination', at)];
  if (source >= nodes.length || destination >= nodes.length) throw inapplicable(at, 'moves beyond the list');
  moveWithin(place.object, place.key, source, destination);
}

const OPERATIONS: Readonly<Record<string, (resource: Resource, parts: Parts, at: number) => void>> = {
  add,
  insert,
  delete: remove,
  replace,
  move,
};

function partsOf(parameter: ParametersParameter, at: number): Parts {
  const parts = new Map<string, ParametersParameter>();
  for (const part of parameter.part ?? []) {
    const name = part.name ?? '';
    if (parts.has(name)) throw malformed(at, `has ${/^\w{1,20}$/.test(name) ? name : 'a part'} twice`);
    parts.set(name, part);
  }
  return parts;
}

/**
 * Applies a FHIRPath Patch to a copy of the resource, operation after operation.
 * @throws ProblemError 400 when the Parameters are no patch, 422 when an operation cannot be applied (its path
 * selects nothing or several, the value has the wrong type, the element exists already, an index is out of range), or changes the id
 */
export function applyFhirPathPatch(resource: Resource, patch: Parameters): Resource {
  const copy = cloneResource(resource);
  for (const [at, parameter] of (patch.parameter ?? []).entries()) {
    if (parameter.name !== 'operation')
      throw new ProblemError('malformed', 'A FHIRPath Patch has parameters named operation only.');
    const parts = partsOf(parameter, at);
    const type = text(parts, 'type', at);
    const operation = Object.hasOwn(OPERATIONS, type) ? OPERATIONS[type] : undefined;
    if (operation === undefined)
      throw malformed(at, 'has a type that is not add, insert, delete, replace or move');
    operation(copy, parts, at);
  }
  return requireSameResource(resource, copy);
}

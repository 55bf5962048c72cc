/** Places in a resource where a patch writes: an object's key, and a position when that key holds a list. */
import type { Node } from '../fhirpath/nodes';
import { copyDecimal } from '../json';

type Json = Record<string, unknown>;

export interface PatchValue {
  /** JSON key of the element in its parent. */
  key: string;
  value: unknown;
  /** `_key` of a primitive with extensions. */
  sibling: unknown;
  /** Where the value was read, for the literal of a decimal. */
  source?: { holder: object; key: string };
}

export interface Place {
  object: Json;
  key: string;
  /** -1 where the element does not repeat. */
  index: number;
}

/** Where a node stands; undefined for the resource itself and for what is no part of it. */
export function placeOf(node: Node): Place | undefined {
  const { parent, key, index } = node;
  if (parent === undefined) return undefined;
  const object = typeof parent.value === 'object' && parent.value !== null ? parent.value : parent.sibling;
  return typeof object === 'object' && object !== null ? { object: object as Json, key, index } : undefined;
}

const listAt = (object: Json, key: string): unknown[] | undefined => {
  const value = object[key];
  return Array.isArray(value) ? (value as unknown[]) : undefined;
};

function put(object: Json, key: string, value: unknown): void {
  if (value === undefined) Reflect.deleteProperty(object, key);
  else object[key] = value;
}

const isVoid = (list: readonly unknown[]): boolean => list.every((item) => item === null);

/** `given` and `_given` run in parallel, `null` where one has nothing; neither is kept when it says nothing. */
function putLists(object: Json, key: string, values: unknown[], siblings: unknown[]): void {
  put(object, key, isVoid(values) ? undefined : values);
  put(object, `_${key}`, isVoid(siblings) ? undefined : siblings);
}

function parallelLists(object: Json, key: string): { values: unknown[]; siblings: unknown[] } {
  const [values = [], siblings = []] = [listAt(object, key), listAt(object, `_${key}`)];
  const length = Math.max(values.length, siblings.length);
  const padded = (list: unknown[]): unknown[] => Array.from({ length }, (_item, i) => list[i] ?? null);
  return { values: padded(values), siblings: padded(siblings) };
}

/** Writes a value (and its `_sibling`) at a place. */
export function writeAt({ object, key, index }: Place, value: PatchValue): void {
  if (index < 0) {
    put(object, key, value.value);
    put(object, `_${key}`, value.sibling);
    if (value.source !== undefined) copyDecimal(value.source.holder, value.source.key, object, key);
    return;
  }
  const { values, siblings } = parallelLists(object, key);
  values[index] = value.value ?? null;
  siblings[index] = value.sibling ?? null;
  putLists(object, key, values, siblings);
}

export function removeAt({ object, key, index }: Place): void {
  if (index < 0) {
    put(object, key, undefined);
    put(object, `_${key}`, undefined);
    return;
  }
  const { values, siblings } = parallelLists(object, key);
  values.splice(index, 1);
  siblings.splice(index, 1);
  putLists(object, key, values, siblings);
}

/** Inserts into a list, which is made when it is not there; `Infinity` is its end. */
export function insertInto(object: Json, key: string, index: number, value: PatchValue): void {
  const { values, siblings } = parallelLists(object, key);
  values.splice(index, 0, value.value ?? null);
  siblings.splice(index, 0, value.sibling ?? null);
  putLists(object, key, values, siblings);
}

export function moveWithin(object: Json, key: string, source: number, destination: number): void {
  const { values, siblings } = parallelLists(object, key);
  for (const list of [values, siblings]) list.splice(destination, 0, ...list.splice(source, 1));
  putLists(object, key, values, siblings);
}

/** What follows references in entries: chains, reverse chains, includes, value sets. */
import type { ResourceType } from '@medplum/fhirtypes';
import { referenceEntry, systemEntry, tokenEntry } from './entries';
import { NOTHING, entry } from './matches';
import { layout, parameterOf } from './parameters/registry';
import type { Include, Match } from './types';

/** References under one of the keys to one of the resources. */
export function refersTo(keys: readonly string[], type: string, ids: readonly string[]): Match {
  if (ids.length === 0 || keys.length === 0) return NOTHING;
  return entry(...keys.flatMap((key) => ids.map((id) => referenceEntry(key, `${type}/${id}`))));
}

/** Targets of a document's references under the keys, as written in its entries (`Patient/1`, an address). */
export function referencedBy(index: readonly string[], prefix: string, keys: readonly string[]): string[] {
  const beginnings = keys.map((key) => `${prefix}${key}:>`);
  return index.flatMap((each) => {
    const beginning = beginnings.find((start) => each.startsWith(start));
    return beginning === undefined ? [] : [each.slice(beginning.length)];
  });
}

/** Ids of the resources of one type among the targets of a document's references. */
export function referencedIds(
  index: readonly string[],
  prefix: string,
  keys: readonly string[],
  type: string,
): string[] {
  const beginning = `${type}/`;
  return referencedBy(index, prefix, keys)
    .filter((target) => target.startsWith(beginning))
    .map((target) => target.slice(beginning.length));
}

/** The entries of a value set's codes. */
export function codesOf(
  match: Extract<Match, { kind: 'valueset' }>,
  members: readonly { system: string; code: string }[],
): Match {
  if (members.length === 0) return NOTHING;
  const { key, concept } = match;
  return entry(
    ...members.map(({ system, code }) =>
      concept === 'code' ? tokenEntry(key, code) : systemEntry(key, system, code),
    ),
  );
}

/** One reference of an include, on a type that has it. */
export interface IncludeKey {
  key: string;
  /** Only targets of this type, when set. */
  target: string | undefined;
  /** Types with canonical addresses that it may point to. */
  canonicals: readonly ResourceType[];
}

/** The keys of an include on one type; none when it is about another. */
export function includeKeys(include: Include, type: ResourceType): IncludeKey[] {
  if (include.source !== '*' && include.source !== type) return [];
  const codes = include.code === '*' ? [...layout(type).parameters.keys()] : [include.code];
  const keys = new Map<string, IncludeKey>();
  for (const code of codes) {
    const parameter = parameterOf(type, code);
    if (parameter?.kind !== 'reference') continue;
    for (const part of parameter.parts) {
      const target = include.target ?? (include.code === '*' ? undefined : part.target);
      if (include.target !== undefined && part.target !== undefined && part.target !== include.target)
        continue;
      const canonicals = parameter.targets.filter(
        (each) => parameterOf(each, 'url') !== undefined,
      ) as ResourceType[];
      keys.set(part.key, {
        key: part.key,
        target,
        canonicals: parameter.types.has('canonical') ? canonicals : [],
      });
    }
  }
  return [...keys.values()];
}

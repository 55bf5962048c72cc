/** From a resource to its index entries: extracted once at write. docs/search.md explains every form. */
import type { Resource } from '@medplum/fhirtypes';
import { compileTypedFhirPath } from '../../fhir';
import { containedScope } from '../entries';
import type { Field, TypeLayout } from '../parameters/layout';
import { MADE } from '../lists';
import { layout } from '../parameters/registry';
import type { Extracted } from '../types';
import { lowOf } from '../values/dates';
import { type Collector, addEntry, addSort, collectorOf, extractedOf } from './collector';
import { compositeEmitter } from './composite';
import { type Emit, emitterOf } from './emit';
import { addWords } from './words';
import { type TrieNode, addWay, emptyNode, walk } from './walk';

interface Extractor {
  layout: TypeLayout;
  root: TrieNode;
  evaluated: readonly Emit[];
}

const extractors = new Map<string, Extractor>();

/** Expressions beyond paths go through the interpreter, which also tells the types of what it finds. */
function evaluatedEmitter(field: Field, expression: string): Emit {
  const evaluate = compileTypedFhirPath(expression);
  return (resource, out) => {
    for (const { value, type } of evaluate(resource as object))
      emitterOf(field.key, field.kind, type)(value, out);
  };
}

function compile(type: string): Extractor {
  const made: Extractor = { layout: layout(type), root: emptyNode(), evaluated: [] };
  for (const { key, kind, branches } of made.layout.fields) {
    for (const branch of branches) addWay(made.root, branch.steps, emitterOf(key, kind, branch.type));
  }
  for (const { key, forms } of made.layout.composites) {
    for (const form of forms) addWay(made.root, form.steps, compositeEmitter(key, form));
  }
  const evaluated = made.layout.fields.flatMap((field) =>
    field.evaluated.map((expression) => evaluatedEmitter(field, expression)),
  );
  return { ...made, evaluated };
}

/** The compiled extractor of a type, made again when its layout has changed. */
function extractorOf(type: string): Extractor {
  const known = extractors.get(type);
  if (known !== undefined && known.layout === layout(type)) return known;
  const made = compile(type);
  extractors.set(type, made);
  return made;
}

function collect(resource: Resource, out: Collector): void {
  const { root, evaluated } = extractorOf(resource.resourceType);
  walk(root, resource, out);
  for (const emit of evaluated) emit(resource, out);
}

/**
 * Everything that search parameters find in a resource. `meta.lastUpdated` must be the commit's already.
 * Contained resources get entries of their own, for `_contained`.
 * @param firstWritten when the first version was written, where this is not it.
 */
export function extractIndex(resource: Resource, firstWritten?: Date): Extracted {
  const out = collectorOf(resource, layout(resource.resourceType).repeating);
  collect(resource, out);
  addMade(resource, firstWritten, out);
  addWords(resource, out);
  const contained = (resource as { contained?: Resource[] }).contained ?? [];
  for (const inner of contained) {
    const scoped: Collector = { ...out, resource: inner, scope: containedScope(inner.resourceType) };
    addEntry(scoped, '*');
    collect(inner, scoped);
  }
  return extractedOf(out);
}

/** Sorted by when it was made, a resource that does not say it stands where it was first written. */
function addMade({ resourceType, meta }: Resource, firstWritten: Date | undefined, out: Collector): void {
  const key = MADE[resourceType];
  const moment = firstWritten?.getTime() ?? Date.parse(meta?.lastUpdated ?? '');
  if (key === undefined || key in out.sort || Number.isNaN(moment)) return;
  addSort(out, key, lowOf(moment));
}

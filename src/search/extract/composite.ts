/** Entries of composites: the values of one element's components, joined. */
import type { CodeableConcept, Coding, ContactPoint, Identifier, Reference } from '@medplum/fhirtypes';
import { compositePrefix, compositeRangeKey, dimensionKey, wide } from '../entries';
import type { CompositeComponent, CompositeForm } from '../parameters/composite';
import type { Branch } from '../parameters/expression';
import { isNarrow } from '../values/dates';
import { CUT, TAB, TEXT_LIMIT, fold, short, tokenText, uriText } from '../values/text';
import { type Collector, addEntry, addRange } from './collector';
import { type Emit, dateRangeOf, measureOf, referenceText } from './emit';
import { valuesAt } from './walk';

/** One value of a component: a text part (with its system) or an ordered part. */
interface PartValue {
  text?: string;
  system?: string;
  low?: string | number;
  high?: string | number;
  units?: string[];
  dimension?: string;
  isWide?: boolean;
}

function codings(type: string, value: unknown): Coding[] {
  if (type === 'CodeableConcept') return (value as CodeableConcept).coding ?? [];
  if (type === 'Coding') return [value as Coding];
  if (type === 'Identifier') {
    const { system, value: code } = value as Identifier;
    return [{ system, code }];
  }
  if (type === 'ContactPoint') {
    const { system, value: code } = value as ContactPoint;
    return [{ system, code }];
  }
  return typeof value === 'object' ? [] : [{ code: String(value) }];
}

function tokenParts(type: string, value: unknown): PartValue[] {
  return codings(type, value).flatMap(({ system, code }) =>
    code === undefined ? [] : [{ text: tokenText(code), system: short(system ?? '') }],
  );
}

function quantityParts(type: string, value: unknown): PartValue[] {
  const found = measureOf(type, value);
  if (found === undefined) return [];
  const { low, high, units, canonical } = found;
  const parts: PartValue[] = [{ low, high, units, isWide: low !== high }];
  if (canonical !== undefined) parts.push({ ...canonical, isWide: low !== high });
  return parts;
}

function dateParts(type: string, value: unknown): PartValue[] {
  const range = dateRangeOf(type, value);
  return range === undefined ? [] : [{ low: range.low, high: range.high, isWide: !isNarrow(range) }];
}

function referenceParts(type: string, value: unknown): PartValue[] {
  const text = type === 'Reference' ? (value as Reference).reference : String(value);
  const target = text === undefined ? undefined : referenceText(text);
  return target === undefined ? [] : [{ text: uriText(target) }];
}

/** The text of a string part; the mark of a cut says that more follows. */
export function stringPart(text: string): string {
  const folded = fold(text);
  return folded.length > TEXT_LIMIT ? folded.slice(0, TEXT_LIMIT) + CUT : folded;
}

function partsOf({ kind }: CompositeComponent, { type }: Branch, value: unknown): PartValue[] {
  switch (kind) {
    case 'token':
      return tokenParts(type, value);
    case 'quantity':
      return quantityParts(type, value);
    case 'date':
      return dateParts(type, value);
    case 'number':
      return typeof value === 'number' ? [{ low: value, high: value }] : [];
    case 'string':
      return typeof value === 'string' ? [{ text: stringPart(value) }] : [];
    case 'reference':
      return referenceParts(type, value);
    case 'uri':
      return typeof value === 'string' ? [{ text: uriText(value) }] : [];
  }
}

function addTuple(key: string, tuple: readonly PartValue[], out: Collector): void {
  const texts = tuple.flatMap(({ text }) => text ?? []);
  const systems = tuple.flatMap(({ system }) => system ?? []).join('|');
  const [first, second] = tuple.filter(({ low }) => low !== undefined);
  if (first?.low === undefined || first.high === undefined) {
    addEntry(out, compositePrefix(key) + [...texts, systems].join(TAB));
    return;
  }
  const plain = compositeRangeKey(key, texts);
  const base = first.dimension === undefined ? plain : dimensionKey(plain, first.dimension);
  addRange(out, {
    k: first.isWide === true ? wide(base) : base,
    l: first.low,
    h: first.high,
    ...(first.units === undefined ? {} : { u: first.units }),
    ...(systems === '' ? {} : { s: systems }),
    ...(second?.low === undefined ? {} : { l2: second.low, h2: second.high ?? second.low }),
  });
}

function product(lists: readonly (readonly PartValue[])[]): PartValue[][] {
  return lists.reduce<PartValue[][]>(
    (tuples, list) => tuples.flatMap((tuple) => list.map((part) => [...tuple, part])),
    [[]],
  );
}

/** The emitter of one form: called with each of its elements. */
export function compositeEmitter(key: string, form: CompositeForm): Emit {
  return (element, out) => {
    const lists: PartValue[][] = [];
    for (const component of form.components) {
      const from = component.fromResource ? out.resource : element;
      const list = component.branches.flatMap((branch) =>
        valuesAt(from, branch.steps).flatMap((value) => partsOf(component, branch, value)),
      );
      // Nothing to join: most elements lack one of the components.
      if (list.length === 0) return;
      lists.push(list);
    }
    for (const tuple of product(lists)) addTuple(key, tuple, out);
  };
}

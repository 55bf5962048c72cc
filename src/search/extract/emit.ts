/** How values of each FHIR type become entries of each kind of field. https://hl7.org/fhir/R4/search.html#ptypes */
import type {
  CodeableConcept,
  Coding,
  ContactPoint,
  Identifier,
  Location,
  Period,
  Quantity,
  Range,
  Reference,
  Resource,
  SampledData,
  Timing,
} from '@medplum/fhirtypes';
import { type DateRange, parseReference, splitCanonical } from '../../fhir';
import {
  cutEntry,
  dimensionKey,
  identifierKey,
  ofTypeEntry,
  referenceEntry,
  stringPrefix,
  systemEntry,
  textPrefix,
  tokenEntry,
  uriEntry,
  wide,
} from '../entries';
import type { FieldKind } from '../parameters/layout';
import { entryRange, entryRangeOfPeriod, entryRangeOfTiming, isNarrow } from '../values/dates';
import { soundex } from '../values/soundex';
import { CUT, TAB, TEXT_LIMIT, cut, fold, short, tokenText, uriText } from '../values/text';
import { UCUM, unitConversion } from '../values/units';
import { type Collector, addEntry, addRange, addSort } from './collector';

/** Adds the entries of one value. */
export type Emit = (value: unknown, out: Collector) => void;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** The folded text of an entry, and the text as written when folding lost something that can be kept. */
function stringEntry(key: string, text: string): string {
  const folded = fold(text);
  if (folded.length > TEXT_LIMIT || text.length > TEXT_LIMIT)
    return stringPrefix(key) + folded.slice(0, TEXT_LIMIT) + CUT;
  return folded === text ? stringPrefix(key) + folded : `${stringPrefix(key)}${folded}${TAB}${text}`;
}

function addText(key: string, text: string | undefined, out: Collector): void {
  if (isText(text)) addEntry(out, textPrefix(key) + cut(fold(text)));
}

function addCoding(key: string, coding: Coding, out: Collector): void {
  const { system, code, display } = coding;
  if (code !== undefined) {
    addEntry(out, tokenEntry(key, code));
    addSort(out, key, tokenText(code));
  }
  if (code !== undefined || system !== undefined) addEntry(out, systemEntry(key, system ?? '', code ?? ''));
  addText(key, display, out);
}

function addConcept(key: string, concept: CodeableConcept, out: Collector): void {
  for (const coding of concept.coding ?? []) addCoding(key, coding, out);
  addText(key, concept.text, out);
}

function addIdentifier(key: string, identifier: Identifier, out: Collector): void {
  addCoding(key, { system: identifier.system, code: identifier.value }, out);
  const { type, value } = identifier;
  if (type === undefined) return;
  addText(key, type.text, out);
  for (const coding of type.coding ?? []) {
    if (coding.code !== undefined && value !== undefined)
      addEntry(out, ofTypeEntry(key, coding.system ?? '', coding.code, value));
  }
}

/** R4's table gives `use` as the system of a contact point; clients also ask by its `system` (`phone|555`). */
function addContact(key: string, contact: ContactPoint, out: Collector): void {
  const { system, use, value } = contact;
  if (value === undefined) return;
  addEntry(out, tokenEntry(key, value));
  addSort(out, key, tokenText(value));
  if (system !== undefined) addEntry(out, systemEntry(key, system, value));
  if (use !== undefined) addEntry(out, systemEntry(key, use, value));
}

function addBare(key: string, value: unknown, out: Collector): void {
  if (typeof value === 'object') return;
  const text = String(value);
  addEntry(out, tokenEntry(key, text));
  addSort(out, key, tokenText(text));
}

const tokens =
  (key: string, type: string): Emit =>
  (value, out) => {
    switch (type) {
      case 'CodeableConcept':
        return addConcept(key, value as CodeableConcept, out);
      case 'Coding':
        return addCoding(key, value as Coding, out);
      case 'Identifier':
        return addIdentifier(key, value as Identifier, out);
      case 'ContactPoint':
        return addContact(key, value as ContactPoint, out);
      default:
        return addBare(key, value, out);
    }
  };

const strings =
  (key: string): Emit =>
  (value, out) => {
    if (!isText(value)) return;
    const entry = stringEntry(key, value);
    addEntry(out, entry);
    if (entry.endsWith(CUT)) addEntry(out, cutEntry(key));
    addSort(out, key, fold(value));
  };

const phonetics =
  (key: string): Emit =>
  (value, out) => {
    for (const name of namesOf(value)) {
      for (const code of soundex(name)) addEntry(out, tokenEntry(key, code));
    }
  };

/** What a person (family and given names, else all in one text) or an organization (a string) is called. */
function namesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  const { family, given = [], text } = value as { family?: string; given?: unknown[]; text?: string };
  const parts = [family, ...given].filter(isText);
  return parts.length > 0 ? parts : [text].filter(isText);
}

const PLAIN_REFERENCE = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/;

/** The text by which a literal reference is found: without its version; undefined for contained resources. */
export function referenceText(reference: string): string | undefined {
  if (PLAIN_REFERENCE.test(reference)) return reference;
  const parsed = parseReference(reference);
  switch (parsed.kind) {
    case 'local':
      return `${parsed.type}/${parsed.id}`;
    case 'absolute':
      return parsed.version === undefined ? parsed.url : parsed.url.replace(/\/_history\/[^/]*$/, '');
    case 'urn':
      return parsed.urn;
    default:
      return undefined;
  }
}

function addReference(key: string, reference: Reference, out: Collector): void {
  const target = reference.reference === undefined ? undefined : referenceText(reference.reference);
  if (target !== undefined) {
    addEntry(out, referenceEntry(key, target));
    addSort(out, key, target);
  }
  if (reference.identifier?.value !== undefined) {
    const { system, value } = reference.identifier;
    addEntry(out, tokenEntry(identifierKey(key), value));
    addEntry(out, systemEntry(identifierKey(key), system ?? '', value));
  }
}

function addCanonical(key: string, canonical: string, out: Collector): void {
  const { url, version } = splitCanonical(canonical);
  addEntry(out, referenceEntry(key, url));
  if (version !== undefined) addEntry(out, referenceEntry(key, canonical));
  addSort(out, key, url);
}

/** The full URL or the type and id of a resource that lies in the resource itself (`Bundle.entry[0].resource`). */
function addInline(key: string, resource: Resource, out: Collector): void {
  if (resource.id !== undefined)
    addEntry(out, referenceEntry(key, `${resource.resourceType}/${resource.id}`));
}

const references =
  (key: string, type: string): Emit =>
  (value, out) => {
    if (type === 'Reference') addReference(key, value as Reference, out);
    else if (typeof value === 'string') addCanonical(key, value, out);
    else if (type === 'Resource') addInline(key, value as Resource, out);
  };

const uris =
  (key: string, type: string): Emit =>
  (value, out) => {
    if (!isText(value)) return;
    addEntry(out, uriEntry(key, value));
    if (type === 'canonical') addEntry(out, uriEntry(key, splitCanonical(value).url));
    addSort(out, key, uriText(value));
  };

/** The range of a date, Period or Timing. */
export function dateRangeOf(type: string, value: unknown): DateRange | undefined {
  if (type === 'Period') return entryRangeOfPeriod(value as Period);
  if (type === 'Timing') return entryRangeOfTiming(value as Timing);
  return typeof value === 'string' ? entryRange(value) : undefined;
}

const dates =
  (key: string, type: string): Emit =>
  (value, out) => {
    const range = dateRangeOf(type, value);
    if (range === undefined) return;
    addRange(out, { k: isNarrow(range) ? key : wide(key), l: range.low, h: range.high });
    addSort(out, key, range.low);
  };

const numbers =
  (key: string): Emit =>
  (value, out) => {
    if (typeof value !== 'number') return addQuantityRange(key, value as Range, out);
    addRange(out, { k: key, l: value, h: value });
    addSort(out, key, value);
  };

/** A quantity of a resource, or what stands for one: money in its currency. */
export interface Measure {
  low: number;
  high: number;
  units: string[];
  /** In base units, when the unit is a UCUM code. */
  canonical?: { dimension: string; low: number; high: number };
}

const unitsOf = (
  system: string | undefined,
  code: string | undefined,
  unit: string | undefined,
): string[] => [
  ...(code === undefined ? [] : [`=${code}`]),
  ...(system === undefined ? [] : [`|${short(system)}`]),
  ...(unit === undefined ? [] : [`~${fold(unit)}`]),
];

function measure(low: number, high: number, quantity: Quantity): Measure {
  const { system, code, unit } = quantity;
  const units = unitsOf(system, code, unit);
  const conversion = system === UCUM && code !== undefined ? unitConversion(code) : undefined;
  if (conversion === undefined) return { low, high, units };
  const [a, b] = [conversion.convert(low), conversion.convert(high)];
  return {
    low,
    high,
    units,
    canonical: { dimension: conversion.dimension, low: Math.min(a, b), high: Math.max(a, b) },
  };
}

/** Measured data spans from its lowest to its highest value. https://hl7.org/fhir/R4/datatypes.html#SampledData */
function sampled(data: SampledData): Measure | undefined {
  const points = (data.data ?? '').split(' ').map(Number).filter(Number.isFinite);
  const origin = data.origin;
  if (origin?.value === undefined || points.length === 0) return undefined;
  const values = points.map((point) => point * (data.factor ?? 1) + (origin.value ?? 0));
  return measure(Math.min(...values), Math.max(...values), origin);
}

/** The measure of a value that a quantity parameter covers; undefined when it has no number. */
export function measureOf(type: string, value: unknown): Measure | undefined {
  if (type === 'Range') {
    const { low, high } = value as Range;
    const unit = low ?? high;
    if (unit === undefined) return undefined;
    return measure(low?.value ?? -Infinity, high?.value ?? Infinity, unit);
  }
  if (type === 'SampledData') return sampled(value as SampledData);
  if (type === 'Money') {
    const { value: amount, currency } = value as { value?: number; currency?: string };
    return amount === undefined
      ? undefined
      : measure(amount, amount, { system: 'urn:iso:std:iso:4217', code: currency });
  }
  const quantity = value as Quantity;
  return quantity.value === undefined ? undefined : measure(quantity.value, quantity.value, quantity);
}

const keyOfSpan = (key: string, low: number, high: number): string => (low === high ? key : wide(key));

function addMeasure(key: string, found: Measure | undefined, out: Collector): void {
  if (found === undefined) return;
  const { low, high, units, canonical } = found;
  const k = keyOfSpan(key, low, high);
  addRange(out, { k, l: low, h: high, ...(units.length === 0 ? {} : { u: units }) });
  if (canonical !== undefined)
    addRange(out, {
      k: keyOfSpan(dimensionKey(key, canonical.dimension), canonical.low, canonical.high),
      l: canonical.low,
      h: canonical.high,
    });
  const sortValue = canonical?.low ?? low;
  if (Number.isFinite(sortValue)) addSort(out, key, sortValue);
}

function addQuantityRange(key: string, value: Range, out: Collector): void {
  if (typeof value === 'object' && value !== null) addMeasure(key, measureOf('Range', value), out);
}

const quantities =
  (key: string, type: string): Emit =>
  (value, out) =>
    addMeasure(key, measureOf(type, value), out);

const positions =
  (key: string): Emit =>
  (value, out) => {
    const { latitude, longitude } = value as NonNullable<Location['position']>;
    if (latitude === undefined || longitude === undefined) return;
    addRange(out, { k: key, l: latitude, h: latitude, l2: longitude, h2: longitude });
  };

/** The emitter of a field's values of one type. */
export function emitterOf(key: string, kind: FieldKind, type: string): Emit {
  switch (kind) {
    case 'token':
      return tokens(key, type);
    case 'string':
      return strings(key);
    case 'soundex':
      return phonetics(key);
    case 'reference':
      return references(key, type);
    case 'uri':
      return uris(key, type);
    case 'date':
      return dates(key, type);
    case 'number':
      return numbers(key);
    case 'quantity':
      return quantities(key, type);
    case 'position':
      return positions(key);
  }
}

import { cloneResource, inUseFirst } from '../fhir';
import type { Codec } from './codecs';
import type { Step } from './path';

/** A node of a resource (or of the bound resources) while it is mapped. */
export type Element = Record<string, unknown>;

/** What a new element begins with, and what an element of a slice must contain. */
export type Templates = (step: Step) => Element | undefined;

/** Reads the vendor value below an element; undefined when there is none. */
export type Reader = (element: Element) => unknown;

/** Writes a value (already in FHIR's form) below an element; undefined removes it and what it leaves empty. */
export type Writer = (element: Element, value: unknown) => void;

/** Compiles the steps of a path to a reader whose values went through the codec. */
export function compileReader(steps: readonly Step[], templates: Templates, codec: Codec): Reader {
  const [step, ...rest] = steps;
  if (step === undefined) return (element) => codec.toVendor(element);
  const { name, index } = step;
  const decode = (value: unknown): unknown =>
    value === undefined || value === null ? undefined : codec.toVendor(value);
  const inner = rest.length > 0 ? compileReader(rest, templates, codec) : undefined;
  const read = (value: unknown): unknown =>
    inner === undefined ? decode(value) : isElement(value) ? inner(value) : undefined;
  if (step.slice === undefined && index === undefined) return (element) => read(element[name]);
  const matches = matcher(step.slice === undefined ? undefined : templates(step));
  if (index === 'all') return (element) => present(listOf(element[name]).filter(matches).map(read));
  if (index === 'any') return (element) => firstOf(inUseFirst(listOf(element[name])), matches, read);
  return (element) => read(meant(listOf(element[name]), matches));
}

/** The element of a list that a step without `?` and `*` is about. */
function meant(list: readonly unknown[], matches: (item: unknown) => boolean): unknown {
  return inUseFirst(list).find(matches);
}

function firstOf(
  list: readonly unknown[],
  matches: (e: unknown) => boolean,
  read: (e: unknown) => unknown,
): unknown {
  for (const item of list) {
    const value = matches(item) ? read(item) : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

const present = (values: unknown[]): unknown[] => values.filter((value) => value !== undefined);

/** Compiles the steps of a path to a writer that makes what is missing on the way and prunes what becomes empty. */
export function compileWriter(steps: readonly Step[], templates: Templates): Writer {
  const [step, ...rest] = steps;
  if (step === undefined) throw new Error('a path must have a step');
  const { name } = step;
  const template = templates(step) ?? {};
  const inner = rest.length > 0 ? compileWriter(rest, templates) : undefined;
  const isList = step.slice !== undefined || step.index !== undefined;
  if (step.index === 'all') return listWriter(step, template, inner);
  if (isList) return itemWriter(step, template, inner);
  if (inner === undefined) {
    return (element, value) => {
      if (value === undefined) Reflect.deleteProperty(element, name);
      else element[name] = value;
    };
  }
  return (element, value) => {
    let child = element[name];
    if (!isElement(child)) {
      if (value === undefined) return;
      child = element[name] = cloneResource(template);
    }
    inner(child as Element, value);
    if (value === undefined && isBare(child as Element, template)) Reflect.deleteProperty(element, name);
  };
}

/** One element of a list: the one of the slice, or the first, as it is read. */
function itemWriter(step: Step, template: Element, inner: Writer | undefined): Writer {
  const matches = matcher(step.slice === undefined ? undefined : template);
  return (element, value) => {
    const list = [...listOf(element[step.name])];
    const at = list.indexOf(meant(list, matches));
    if (at < 0 && value === undefined) return;
    if (inner === undefined) {
      list.splice(at < 0 ? list.length : at, 1, ...(value === undefined ? [] : [value]));
    } else {
      const item = at < 0 ? cloneResource(template) : (list[at] as Element);
      inner(item, value);
      keepSlice(item, template);
      const bare = value === undefined && isBare(item, template);
      list.splice(at < 0 ? list.length : at, 1, ...(bare ? [] : [item]));
    }
    putList(element, step.name, list);
  };
}

/** What makes an element one of its slice stays, also where what lay beside it was cleared. */
function keepSlice(item: Element, template: Element): void {
  for (const key in template) {
    if (!contains(item[key], template[key])) item[key] = cloneResource(template[key]);
  }
}

/** All elements of a slice (or of the list) replaced by one for each value. */
function listWriter(step: Step, template: Element, inner: Writer | undefined): Writer {
  const matches = matcher(step.slice === undefined ? undefined : template);
  return (element, value) => {
    const others = listOf(element[step.name]).filter((item) => !matches(item));
    const items = listOf(value).map((one) => {
      if (inner === undefined) return one;
      const item = cloneResource(template);
      inner(item, one);
      return item;
    });
    putList(element, step.name, [...others, ...items]);
  };
}

function putList(element: Element, name: string, list: unknown[]): void {
  if (list.length === 0) Reflect.deleteProperty(element, name);
  else element[name] = list;
}

/** True when nothing but what the template gives is left. */
function isBare(element: Element, template: Element): boolean {
  return Object.keys(element).every((key) => key in template);
}

/** A test for "contains the template": the same primitives, in lists some element that contains it. */
function matcher(template: Element | undefined): (value: unknown) => boolean {
  return template === undefined ? () => true : (value) => contains(value, template);
}

function contains(value: unknown, template: unknown): boolean {
  if (Array.isArray(template)) {
    return Array.isArray(value) && template.every((part) => value.some((item) => contains(item, part)));
  }
  if (!isElement(template)) return value === template;
  if (!isElement(value)) return false;
  for (const key in template) if (!contains(value[key], template[key])) return false;
  return true;
}

export function isElement(value: unknown): value is Element {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as a list; an absent one is empty. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

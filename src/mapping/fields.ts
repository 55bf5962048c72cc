import { CANONICAL_BASE, cloneResource } from '../fhir';
import { CODECS, REFUSED, type Codec, type CodecMaker } from './codecs';
import { compileReader, compileWriter, type Element, isElement, listOf, type Templates } from './element';
import { parsePath, type Step } from './path';
import type { FieldRow, ResourceRow, Table } from './table';
import type { Terminology } from './terminology';

/**
 * A derived field: from what the row's paths gave (undefined without), the bound resources (in a list of objects:
 * the element), and what the caller passed along.
 */
export type Derive = (value: unknown, bound: Readonly<Element>, context: unknown) => unknown;

/** A vendor value that cannot be mapped. The field is a path such as `insurance.copay` or `items[0].quantity`. */
export interface FieldIssue {
  field: string;
  expected: string;
}

/** One vendor field, compiled. `read` gives null (lists: []) when there is nothing. */
export interface FieldNode {
  name: string;
  read(bound: Readonly<Element>, context: unknown): unknown;
  /** undefined and null remove. */
  write(bound: Element, value: unknown, at: string, issues: FieldIssue[]): void;
  fields?: readonly FieldNode[];
  /** The same with only some of its nested fields, for views. */
  narrow?(fields: readonly FieldNode[]): FieldNode;
  /** Paths of the row, and the fields below a list of objects: for checks and for naming fields in errors. */
  paths: readonly (readonly Step[])[];
}

export interface Compilation {
  table: Table;
  terminology: Terminology;
  codecs: Readonly<Record<string, CodecMaker>>;
  derive: Readonly<Record<string, Derive>>;
}

/** Templates by step: of the bound resources for first steps, of slices and extensions for the others. */
export function templatesOf(table: Table, resources: Record<string, ResourceRow>): Templates {
  return (step) => {
    if (step.root === true) return rootTemplate(step, resources);
    if (step.slice === undefined) return undefined;
    if (step.slice.startsWith('ext:')) return { url: extensionUrl(table, step.slice.slice(4)) };
    const slice = table.slices?.[step.slice];
    if (slice === undefined) throw new Error(`${table.map}: no slice "${step.slice}"`);
    return slice;
  };
}

/** Canonical URL of an extension by the name it has in the table. Parts of complex extensions are named by `#part`. */
function extensionUrl(table: Table, name: string): string {
  if (name.startsWith('#')) return name.slice(1);
  return table.extensions?.[name] ?? `${CANONICAL_BASE}/StructureDefinition/${name}`;
}

function rootTemplate(step: Step, resources: Record<string, ResourceRow>): Element | undefined {
  const row = resources[step.name];
  return row !== undefined && 'type' in row ? { resourceType: row.type, ...row.const } : undefined;
}

/** Compiles rows to nodes; rows with dotted names become groups. */
export function compileFields(
  rows: Record<string, FieldRow>,
  templates: Templates,
  compilation: Compilation,
  rooted: boolean,
): FieldNode[] {
  const nodes: FieldNode[] = [];
  const groups = new Map<string, Record<string, FieldRow>>();
  for (const [name, row] of Object.entries(rows)) {
    const dot = name.indexOf('.');
    if (dot < 0) {
      nodes.push(compileRow(name, row, templates, compilation, rooted));
      continue;
    }
    const group = name.slice(0, dot);
    const inner = groups.get(group) ?? {};
    if (!groups.has(group)) nodes.push({ name: group, read: () => null, write: () => undefined, paths: [] });
    groups.set(group, { ...inner, [name.slice(dot + 1)]: row });
  }
  return nodes.map((node) => {
    const inner = groups.get(node.name);
    return inner === undefined
      ? node
      : groupNode(node.name, compileFields(inner, templates, compilation, rooted));
  });
}

/** A nested object; null when all of it is empty. Written whole: what it leaves out is cleared. */
function groupNode(name: string, fields: readonly FieldNode[]): FieldNode {
  return {
    name,
    fields,
    narrow: (some) => groupNode(name, some),
    paths: [],
    read: (bound, context) => {
      const value = readAll(fields, bound, context);
      return Object.values(value).every(isEmpty) ? null : value;
    },
    write: (bound, value, at, issues) => {
      if (value !== undefined && value !== null && !isElement(value))
        issues.push({ field: at, expected: 'an object' });
      else writeAll(fields, bound, value ?? {}, `${at}.`, issues);
    },
  };
}

/** Writes all fields; absent ones are cleared, and that first: clearing takes away elements that only seem to be empty. */
function writeAll(
  fields: readonly FieldNode[],
  bound: Element,
  values: Readonly<Element>,
  prefix: string,
  issues: FieldIssue[],
): void {
  const isGiven = ({ name }: FieldNode): boolean => values[name] !== undefined && values[name] !== null;
  for (const field of [...fields.filter((one) => !isGiven(one)), ...fields.filter(isGiven)]) {
    field.write(bound, values[field.name], prefix + field.name, issues);
  }
}

function readAll(fields: readonly FieldNode[], bound: Readonly<Element>, context: unknown): Element {
  const out: Element = {};
  for (const field of fields) out[field.name] = field.read(bound, context);
  return out;
}

const isEmpty = (value: unknown): boolean => value === null || (Array.isArray(value) && value.length === 0);

function compileRow(
  title: string,
  row: FieldRow,
  templates: Templates,
  compilation: Compilation,
  rooted: boolean,
): FieldNode {
  const isList = title.endsWith('[]');
  const name = isList ? title.slice(0, -2) : title;
  if (typeof row !== 'string') return listNode(name, row, templates, compilation, rooted);
  const { paths, codec, derive } = parseRow(row, title, compilation, rooted);
  const readers = paths.map((path) => compileReader(path, templates, codec));
  const [first] = paths;
  const write = first === undefined ? undefined : compileWriter(first, templates);
  const nothing = isList ? () => [] : () => null;
  const plain = (bound: Readonly<Element>): unknown => {
    for (const read of readers) {
      const value = read(bound);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  return {
    name,
    paths,
    read:
      derive === undefined
        ? (bound) => plain(bound) ?? nothing()
        : (bound, context) => derive(plain(bound), bound, context) ?? nothing(),
    write: (bound, value, at, issues) => write?.(bound, encode(codec, value, isList, at, issues)),
  };
}

function encode(codec: Codec, value: unknown, isList: boolean, at: string, issues: FieldIssue[]): unknown {
  if (value === undefined || value === null) return undefined;
  if (!isList) return encodeOne(codec, value, at, issues);
  if (!Array.isArray(value)) {
    issues.push({ field: at, expected: 'a list' });
    return undefined;
  }
  return value.map((one, i) => encodeOne(codec, one, `${at}[${i}]`, issues));
}

function encodeOne(codec: Codec, value: unknown, at: string, issues: FieldIssue[]): unknown {
  const encoded = codec.toFhir(value);
  if (encoded !== REFUSED) return encoded;
  issues.push({ field: at, expected: codec.expected });
  return undefined;
}

const WHOLE: Codec = { expected: 'an object', toFhir: (value) => value, toVendor: (value) => value };

/** A list of objects: `at` leads to its elements, the rows below it are relative to one of them. */
function listNode(
  name: string,
  row: Exclude<FieldRow, string>,
  templates: Templates,
  compilation: Compilation,
  rooted: boolean,
): FieldNode {
  const path = rootedPath(row.at, rooted);
  const last = path.at(-1);
  if (last?.index !== 'all')
    throw new Error(`${compilation.table.map}: "${row.at}" of ${name} must end in [*]`);
  const each = rooted && path.length === 1 ? compilation.table.resources[last.name] : undefined;
  const joined = each !== undefined && 'each' in each;
  const below = joined ? templatesOf(compilation.table, each.each) : templates;
  const read = compileReader(path, templates, WHOLE);
  const write = compileWriter(path, templates);
  const template = templates(last) ?? {};
  const node = (fields: readonly FieldNode[]): FieldNode => ({
    name,
    fields,
    narrow: node,
    paths: [path],
    read: (bound, context) => listOf(read(bound)).map((item) => readAll(fields, item as Element, context)),
    write: (bound, value, at, issues) => {
      if (value !== undefined && value !== null && !Array.isArray(value)) {
        issues.push({ field: at, expected: 'a list' });
      }
      const items = listOf(value).map((one, i) => {
        const item = cloneResource(template);
        if (isElement(one)) writeAll(fields, item, one, `${at}[${i}].`, issues);
        else issues.push({ field: `${at}[${i}]`, expected: 'an object' });
        return item;
      });
      write(bound, items);
    },
  });
  return node(compileFields(row.fields, below, compilation, joined));
}

interface ParsedRow {
  paths: Step[][];
  codec: Codec;
  derive: Derive | undefined;
}

const CODEC = /^([a-z-]+)(?:\((.*)\))?$/;

function parseRow(
  text: string,
  title: string,
  { table, terminology, codecs, derive }: Compilation,
  rooted: boolean,
): ParsedRow {
  const fault = (what: string): Error => new Error(`${table.map}: ${title}: ${what}`);
  const parts = text.split('|').map((part) => part.trim());
  const named = parts.at(-1)?.startsWith('=') === true ? parts.pop()?.slice(1).trim() : undefined;
  if (named !== undefined && derive[named] === undefined) throw fault(`no function "${named}"`);
  const [pathText, codecText = 'string'] = parts;
  const [, codecName = '', argument = ''] = CODEC.exec(codecText) ?? [];
  const make = codecs[codecName] ?? CODECS[codecName];
  if (make === undefined) throw fault(`no codec "${codecText}"`);
  if (pathText === undefined && named === undefined) throw fault('neither path nor function');
  return {
    paths: (pathText?.split('??') ?? []).map((path) => rootedPath(path.trim(), rooted)),
    codec: make(argument, terminology),
    derive: named === undefined ? undefined : derive[named],
  };
}

function rootedPath(text: string, rooted: boolean): Step[] {
  const path = parsePath(text);
  if (rooted && path[0] !== undefined) path[0].root = true;
  return path;
}

import { cloneResource } from '../fhir';
import type { CodecMaker } from './codecs';
import type { Element } from './element';
import {
  compileFields,
  type Compilation,
  type Derive,
  type FieldIssue,
  type FieldNode,
  templatesOf,
} from './fields';
import type { Step } from './path';
import { readTable, type Table } from './table';
import { profileTerminology, type Terminology } from './terminology';

/** The resources of one vendor object by the names of the table; lists where the table says `many`. */
export type Bound = Readonly<Record<string, unknown>>;

/** A vendor object in FHIR. When there are issues, the resources are not to be used. */
export interface Written {
  bound: Record<string, unknown>;
  issues: FieldIssue[];
}

/** A compiled table: one vendor object, both ways. */
export interface Mapping {
  readonly name: string;
  readonly table: Table;
  readonly fields: readonly FieldNode[];
  /**
   * The vendor's view of the resources: its fields in the view's order, null (or []) where there is nothing.
   * @param context what derived fields of the table need besides the resources
   */
  read(bound: Bound, view: string, context?: unknown): Record<string, unknown>;
  /**
   * The FHIR form of vendor values. With `existing`, a partial update of a copy of it: absent fields stay, null
   * clears, nested objects and lists are replaced whole. All problems at once, none with a value in it.
   */
  write(values: Readonly<Record<string, unknown>>, existing?: Bound): Written;
  /** The vendor field that a FHIRPath expression below a bound resource comes from: `sr`, `reasonCode[0].coding`. */
  fieldAt(resource: string, expression: string): string | undefined;
}

export interface MappingOptions {
  /** Functions that rows name behind `=`. */
  derive?: Readonly<Record<string, Derive>>;
  /** Codecs of a vendor's own, besides CODECS. */
  codecs?: Readonly<Record<string, CodecMaker>>;
  terminology?: Terminology;
}

/**
 * Compiles a table to closures; costs about a millisecond, a mapped object then a few microseconds.
 * @throws Error naming the row that cannot be compiled.
 */
export function compileMapping(table: Table, options: MappingOptions = {}): Mapping {
  const { derive = {}, codecs = {}, terminology = profileTerminology } = options;
  const compilation: Compilation = { table, terminology, codecs, derive };
  const fields = compileFields(table.fields, templatesOf(table, table.resources), compilation, true);
  const views = new Map(
    Object.entries(table.views ?? {}).map(([view, names]) => [view, shownFields(table.map, fields, names)]),
  );
  return {
    name: table.map,
    table,
    fields,
    read: (bound, view, context) => {
      const shown = views.get(view);
      if (shown === undefined) throw new Error(`${table.map}: no view "${view}"`);
      const out: Element = {};
      for (const field of shown) out[field.name] = field.read(bound as Element, context);
      return out;
    },
    write: (values, existing) => {
      const issues: FieldIssue[] = [];
      const bound: Element = existing === undefined ? {} : cloneResource({ ...existing });
      for (const field of fields) {
        if (values[field.name] !== undefined) field.write(bound, values[field.name], field.name, issues);
      }
      return { bound, issues };
    },
    fieldAt: (resource, expression) => fieldAt(fields, resource, expression),
  };
}

/** Compiles `mappings/<name>.yaml`. */
export function loadMapping(name: string, options: MappingOptions = {}): Mapping {
  return compileMapping(readTable(name), options);
}

/** The fields of a view; `insurance.provider` shows `insurance` with only the nested fields that the view names. */
function shownFields(map: string, fields: readonly FieldNode[], names: readonly string[]): FieldNode[] {
  const nested = new Map<string, string[]>();
  for (const name of names) {
    const [head = '', ...rest] = name.split('.');
    nested.set(head, [...(nested.get(head) ?? []), ...(rest.length > 0 ? [rest.join('.')] : [])]);
  }
  return [...nested].map(([name, below]) => {
    const found = fields.find((field) => field.name === name);
    if (found === undefined) throw new Error(`${map}: a view shows "${name}", which is no field`);
    if (below.length === 0) return found;
    if (found.narrow === undefined) throw new Error(`${map}: "${name}" of a view has no nested fields`);
    return found.narrow(shownFields(map, found.fields ?? [], below));
  });
}

/** The longest row path that the expression begins with, or that begins with the expression. */
function fieldAt(fields: readonly FieldNode[], resource: string, expression: string): string | undefined {
  const keys = [
    resource,
    ...expression
      .replace(/\[\d+\]/g, '')
      .split('.')
      .slice(1),
  ];
  let best: { name: string; length: number } | undefined;
  const visit = (nodes: readonly FieldNode[], prefix: string): void => {
    for (const node of nodes) {
      for (const path of node.paths) {
        const length = commonLength(path, keys);
        if (length > 1 && length > (best?.length ?? 0)) best = { name: prefix + node.name, length };
      }
      if (node.fields !== undefined && node.paths.length === 0) visit(node.fields, `${prefix}${node.name}.`);
    }
  };
  visit(fields, '');
  return best?.name;
}

function commonLength(path: readonly Step[], keys: readonly string[]): number {
  let n = 0;
  while (n < path.length && n < keys.length && path[n]?.name === keys[n]) n++;
  return n;
}

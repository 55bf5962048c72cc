import { CommandError, isDocument, MISSING, plain, setField } from '../value';
import type { Evaluate, Scope } from '../expression';
import type { Document } from '../value';

/** What a projection does at one path. */
export type ProjectionLeaf =
  | { readonly kind: 'include' }
  | { readonly kind: 'exclude' }
  /** A value computed from the whole document; MISSING adds nothing. */
  | { readonly kind: 'computed'; readonly evaluate: Evaluate }
  /** Kept whatever the kind of the projection (`$slice` of find works on it later). */
  | { readonly kind: 'keep' };

export interface ProjectionNode {
  readonly children: Map<string, ProjectionNode | ProjectionLeaf>;
}

/** Puts a leaf at a path. @throws CommandError 31249, 31250 when two paths collide */
export function addToTree(root: ProjectionNode, path: string, leaf: ProjectionLeaf): void {
  const parts = splitFieldPath(path);
  let node = root;
  parts.forEach((part, i) => {
    const known = node.children.get(part);
    const last = i === parts.length - 1;
    if (last && known) throw new CommandError(31250, `Path collision at ${path}`);
    if (last) node.children.set(part, leaf);
    else if (known && !isNode(known))
      throw new CommandError(
        31249,
        `Path collision at ${path} remaining portion ${parts.slice(i + 1).join('.')}`,
      );
    else {
      const child = known ?? { children: new Map<string, ProjectionNode | ProjectionLeaf>() };
      node.children.set(part, child);
      node = child as ProjectionNode;
    }
  });
}

/** Splits a path of an aggregation or projection, which may not have empty or `$` components. */
export function splitFieldPath(path: string): string[] {
  if (path === '') throw new CommandError(40352, 'FieldPath cannot be constructed with empty string');
  if (path.endsWith('.')) throw new CommandError(40353, "FieldPath must not end with a '.'.");
  const parts = path.split('.');
  if (parts.includes('')) throw new CommandError(15998, 'FieldPath field names may not be empty strings.');
  if (parts.some((part) => part.startsWith('$')))
    throw new CommandError(
      16410,
      "FieldPath field names may not start with '$'. Consider using $getField or $setField.",
    );
  return parts;
}

function isNode(entry: ProjectionNode | ProjectionLeaf): entry is ProjectionNode {
  return 'children' in entry;
}

/** How a tree is applied. */
export interface ProjectionRun {
  /** Whether the tree says what is kept, or what is removed. */
  readonly inclusion: boolean;
  /** Whether computed fields take the place of existing ones, rather than come after the kept ones. */
  readonly inPlace: boolean;
  readonly scope: Scope;
}

/**
 * Applies a projection tree. Inclusion keeps what the tree names, in the document's order; exclusion keeps the
 * rest. Both go into every document of an array, and inclusion drops what is no document there.
 */
export function projectDocument(document: Document, node: ProjectionNode, run: ProjectionRun): Document {
  const result: Document = {};
  for (const name of Object.keys(document)) {
    const entry = node.children.get(name);
    const value = document[name];
    const kept = entry ? keep(value, entry, run) : run.inclusion ? MISSING : value;
    if (kept !== MISSING) setField(result, name, kept);
  }
  addComputed(result, node, run);
  return result;
}

function keep(value: unknown, entry: ProjectionNode | ProjectionLeaf, run: ProjectionRun): unknown {
  if (isNode(entry)) {
    const atEnd = run.inclusion && !isDocument(value) && !Array.isArray(value);
    return atEnd ? MISSING : keepBelow(value, entry, run);
  }
  switch (entry.kind) {
    case 'include':
    case 'keep':
      return value;
    case 'exclude':
      return MISSING;
    default:
      return run.inPlace ? entry.evaluate(run.scope) : MISSING;
  }
}

function keepBelow(value: unknown, node: ProjectionNode, run: ProjectionRun): unknown {
  if (isDocument(value)) return projectDocument(plain(value), node, run);
  if (Array.isArray(value)) {
    const elements = value.map((element: unknown) => keepBelow(element, node, run));
    return elements.filter((element) => element !== MISSING);
  }
  if (hasComputed(node)) return projectDocument({}, node, run);
  return run.inclusion ? MISSING : value;
}

function hasComputed(node: ProjectionNode): boolean {
  for (const entry of node.children.values())
    if (isNode(entry) ? hasComputed(entry) : entry.kind === 'computed') return true;
  return false;
}

function addComputed(result: Document, node: ProjectionNode, run: ProjectionRun): void {
  for (const [name, entry] of node.children) {
    if (Object.hasOwn(result, name)) continue;
    if (isNode(entry)) {
      if (hasComputed(entry)) setField(result, name, projectDocument({}, entry, run));
    } else if (entry.kind === 'computed') {
      const value = entry.evaluate(run.scope);
      if (value !== MISSING) setField(result, name, value);
    }
  }
}

/** The document with one more field, as `$addFields` puts it: through documents and arrays on the way. */
export function addFieldAt(document: Document, path: readonly string[], value: unknown): Document {
  const tree: ProjectionNode = { children: new Map() };
  addToTree(tree, path.join('.'), { kind: 'computed', evaluate: () => value });
  const scope: Scope = { root: document, variables: {}, now: new Date(0) };
  return projectDocument(document, tree, { inclusion: false, inPlace: true, scope });
}

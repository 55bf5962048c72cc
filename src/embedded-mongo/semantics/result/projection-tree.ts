import { CommandError, isDocument, MISSING, plain, setField } from '../value';
import type { Document } from '../value';

/** What a projection does at one path. */
export type ProjectionLeaf =
  | { readonly kind: 'include' }
  | { readonly kind: 'exclude' }
  /** A value computed from the whole document; MISSING adds nothing. */
  | { readonly kind: 'computed'; readonly evaluate: (root: Document) => unknown }
  /** `$slice` of find: keeps the field's place. */
  | { readonly kind: 'array'; readonly change: (array: readonly unknown[]) => unknown[] };

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

export function isNode(entry: ProjectionNode | ProjectionLeaf): entry is ProjectionNode {
  return 'children' in entry;
}

/**
 * Applies a projection tree. Inclusion keeps what the tree names, in the document's order; exclusion keeps the
 * rest. Both go into every document of an array, and inclusion drops what is no document there. Computed fields
 * replace existing ones in place (`inPlace`) or come after the kept ones, in the tree's order.
 */
export function projectDocument(
  document: Document,
  node: ProjectionNode,
  inclusion: boolean,
  root: Document,
  inPlace = false,
): Document {
  const result: Document = {};
  for (const name of Object.keys(document)) {
    const entry = node.children.get(name);
    const value = document[name];
    const kept = entry ? keep(value, entry, inclusion, root, inPlace) : inclusion ? MISSING : value;
    if (kept !== MISSING) setField(result, name, kept);
  }
  addComputed(result, node, inclusion, root, inPlace);
  return result;
}

function keep(
  value: unknown,
  entry: ProjectionNode | ProjectionLeaf,
  inclusion: boolean,
  root: Document,
  inPlace: boolean,
): unknown {
  if (isNode(entry)) return keepBelow(value, entry, inclusion, root, inPlace);
  switch (entry.kind) {
    case 'include':
      return value;
    case 'exclude':
      return MISSING;
    case 'array':
      return changeArrays(value, entry.change);
    default:
      return inPlace ? entry.evaluate(root) : MISSING;
  }
}

function changeArrays(value: unknown, change: (array: readonly unknown[]) => unknown[]): unknown {
  return Array.isArray(value) ? change(value) : value;
}

function keepBelow(
  value: unknown,
  node: ProjectionNode,
  inclusion: boolean,
  root: Document,
  inPlace: boolean,
): unknown {
  if (isDocument(value)) return projectDocument(plain(value), node, inclusion, root, inPlace);
  if (Array.isArray(value)) {
    const elements = value.map((element: unknown) => keepBelow(element, node, inclusion, root, inPlace));
    return elements.filter((element) => element !== MISSING);
  }
  if (hasComputed(node)) return projectDocument({}, node, inclusion, root, inPlace);
  return inclusion ? MISSING : value;
}

function hasComputed(node: ProjectionNode): boolean {
  for (const entry of node.children.values())
    if (isNode(entry) ? hasComputed(entry) : entry.kind === 'computed') return true;
  return false;
}

function addComputed(
  result: Document,
  node: ProjectionNode,
  inclusion: boolean,
  root: Document,
  inPlace: boolean,
): void {
  for (const [name, entry] of node.children) {
    if (Object.hasOwn(result, name)) continue;
    if (isNode(entry)) {
      if (hasComputed(entry)) setField(result, name, projectDocument({}, entry, inclusion, root, inPlace));
    } else if (entry.kind === 'computed') {
      const value = entry.evaluate(root);
      if (value !== MISSING) setField(result, name, value);
    }
  }
}

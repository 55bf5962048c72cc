import { CommandError, isDocument, MISSING, plain, typeName } from '../value';
import type { Document } from '../value';
import type { ArrayFilters } from './array-filters';
import type { Modifier, PathUpdate } from './ast';
import { parseModifier } from './modifiers';
import { PathTree } from './path-tree';

/** Parses an update made of operators into one modifier per path, in the order in which MongoDB applies them. */
export function parseOperatorUpdate(update: Document, arrayFilters: ArrayFilters): PathUpdate[] {
  const tree = new PathTree((path, at) => `Updating the path '${path}' would create a conflict at '${at}'`);
  const used = new Set<string>();
  const updates: PathUpdate[] = [];
  for (const [operator, fields] of Object.entries(update)) {
    if (!operator.startsWith('$')) throw unknownModifier(operator);
    if (!isDocument(fields))
      throw new CommandError(
        9,
        `Modifiers operate on fields but we found type ${typeName(fields)} instead. For example: {$mod: {<field>: ...}} not {${operator}: <${typeName(fields)}>}`,
      );
    for (const [path, argument] of Object.entries(plain(fields)))
      updates.push(parsePathUpdate(operator, path, argument, { tree, used, arrayFilters }));
    if (Object.keys(fields).length === 0 && operator !== '$rename') parseEmpty(operator);
  }
  for (const identifier of arrayFilters.keys())
    if (!used.has(identifier))
      throw new CommandError(9, `The array filter for identifier '${identifier}' was not used in the update`);
  return updates.sort((a, b) => comparePaths(a.parts, b.parts));
}

function unknownModifier(name: string): CommandError {
  return new CommandError(
    9,
    `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update specified as an array`,
  );
}

const OPERATORS = new Set([
  '$set',
  '$unset',
  '$inc',
  '$mul',
  '$min',
  '$max',
  '$rename',
  '$currentDate',
  '$setOnInsert',
  '$push',
  '$pull',
  '$pullAll',
  '$addToSet',
  '$pop',
  '$bit',
]);

function parseEmpty(operator: string): void {
  if (!OPERATORS.has(operator)) throw unknownModifier(operator);
}

interface ParseState {
  readonly tree: PathTree;
  readonly used: Set<string>;
  readonly arrayFilters: ArrayFilters;
}

function parsePathUpdate(operator: string, path: string, argument: unknown, state: ParseState): PathUpdate {
  if (operator === '$rename') return parseRename(path, argument, state);
  const modifier = parseModifier(operator, path, argument);
  const parts = parsePath(path);
  for (const part of parts) checkArrayFilter(part, path, state);
  state.tree.add(parts);
  return { parts, modifier };
}

function checkArrayFilter(part: string, path: string, { used, arrayFilters }: ParseState): void {
  const identifier = identifierOf(part);
  if (identifier === undefined || identifier === '') return;
  if (!arrayFilters.has(identifier))
    throw new CommandError(2, `No array filter found for identifier '${identifier}' in path '${path}'`);
  used.add(identifier);
}

/** `''` for `$[]`, the name for `$[name]`, undefined for any other component. */
export function identifierOf(part: string): string | undefined {
  return part.startsWith('$[') && part.endsWith(']') ? part.slice(2, -1) : undefined;
}

function isDynamic(part: string): boolean {
  return part === '$' || identifierOf(part) !== undefined;
}

function parsePath(path: string): string[] {
  if (path === '') throw new CommandError(56, 'An empty update path is not valid.');
  const parts = path.split('.');
  if (parts.includes(''))
    throw new CommandError(
      56,
      `The update path '${path}' contains an empty field name, which is not allowed.`,
    );
  if (isDynamic(parts[0] ?? ''))
    throw new CommandError(
      2,
      parts[0] === '$'
        ? `Cannot have positional (i.e. '$') element in the first position in path '${path}'`
        : `Cannot have array filter identifier (i.e. '$[<id>]') element in the first position in path '${path}'`,
    );
  if (parts.filter((part) => part === '$').length > 1)
    throw new CommandError(2, `Too many positional (i.e. '$') elements found in path '${path}'`);
  for (const part of parts)
    if (part.startsWith('$') && !isDynamic(part) && !['$ref', '$id', '$db'].includes(part))
      throw new CommandError(
        52,
        `The dollar ($) prefixed field '${part}' in '${path}' is not valid for storage.`,
      );
  return parts;
}

const RENAME: Modifier = {
  name: '$rename',
  creates: true,
  toleratesBlockedPath: false,
  onInsert: false,
  apply: () => MISSING,
};

function parseRename(path: string, argument: unknown, { tree }: ParseState): PathUpdate {
  if (typeof argument !== 'string')
    throw new CommandError(
      2,
      `The 'to' field for $rename must be a string: ${path}: <${typeName(argument)}>`,
    );
  const from = parsePath(path);
  const parts = parsePath(argument);
  if (path === argument)
    throw new CommandError(2, `The source and target field for $rename must differ: ${path}: "${argument}"`);
  if (from.every((part, i) => part === parts[i]) || parts.every((part, i) => part === from[i]))
    throw new CommandError(
      2,
      `The source and target field for $rename must not be on the same path: ${path}: "${argument}"`,
    );
  if (from.some(isDynamic))
    throw new CommandError(2, `The source field for $rename may not be dynamic: ${path}`);
  if (parts.some(isDynamic))
    throw new CommandError(2, `The destination field for $rename may not be dynamic: ${argument}`);
  tree.add(from);
  tree.add(parts);
  return { parts, modifier: RENAME, from };
}

/** Fields are updated in lexicographic order, numeric names in numeric order (manual: "Update Operator Behavior"). */
export function comparePaths(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareNames(a[i] as string, b[i] as string);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareNames(a: string, b: string): number {
  if (/^\d+$/.test(a) && /^\d+$/.test(b)) {
    const order = BigInt(a) - BigInt(b);
    if (order !== 0n) return order < 0n ? -1 : 1;
  }
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

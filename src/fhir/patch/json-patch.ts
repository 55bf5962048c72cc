/** JSON Patch (RFC 6902) on resources. https://hl7.org/fhir/R4/http.html#patch */
import type { Resource } from '@medplum/fhirtypes';
import { applyOperation, type Operation } from 'fast-json-patch';
import { cloneResource, copyDecimal } from '../json';
import { ProblemError } from '../problem';
import { requireSameResource } from './identity';

const OPERATIONS = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);

const malformed = (at: number, what: string): ProblemError =>
  new ProblemError('malformed', `Operation ${at} of the JSON Patch ${what}.`);

const isPointer = (value: unknown): value is string =>
  typeof value === 'string' && /^(?:\/(?:[^~]|~[01])*)?$/.test(value);

function operationOf(value: unknown, at: number): Operation {
  if (typeof value !== 'object' || value === null) throw malformed(at, 'is not an object');
  const { op, path, from } = value as Record<string, unknown>;
  if (typeof op !== 'string' || !OPERATIONS.has(op)) throw malformed(at, 'has no op of RFC 6902');
  if (!isPointer(path)) throw malformed(at, 'has no path that is a JSON Pointer');
  if ((op === 'move' || op === 'copy') && !isPointer(from))
    throw malformed(at, 'has no from that is a JSON Pointer');
  if (op === 'move' && path.startsWith(`${String(from)}/`))
    throw malformed(at, 'moves an element into itself');
  if ((op === 'add' || op === 'replace' || op === 'test') && !('value' in value))
    throw malformed(at, 'has no value');
  return value as Operation;
}

const unescape = (part: string): string => part.replace(/~1/g, '/').replace(/~0/g, '~');

/** The object or list that holds what a pointer names, and the key there (`-` is the end of a list). */
function holderOf(document: object, pointer: string): { holder: object; key: string } | undefined {
  const keys = pointer.split('/').slice(1).map(unescape);
  const last = keys.pop();
  let node: unknown = document;
  for (const key of keys)
    node = typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[key] : undefined;
  if (last === undefined || typeof node !== 'object' || node === null) return undefined;
  return { holder: node, key: Array.isArray(node) && last === '-' ? String(node.length - 1) : last };
}

/** Whether what a pointer says of lists are indexes: the library also takes `01`. RFC 6901, section 4 */
function hasSoundIndexes(document: object, pointer: string): boolean {
  let node: unknown = document;
  for (const key of pointer.split('/').slice(1).map(unescape)) {
    if (typeof node !== 'object' || node === null) return true;
    if (Array.isArray(node) && !/^(?:0|[1-9]\d*|-)$/.test(key)) return false;
    node = (node as Record<string, unknown>)[key];
  }
  return true;
}

function keepDecimal(
  document: object,
  operation: Operation,
  source: { holder: object; key: string } | undefined,
): void {
  const target = holderOf(document, operation.path);
  if (target === undefined) return;
  if (operation.op === 'add' || operation.op === 'replace')
    copyDecimal(operation, 'value', target.holder, target.key);
  else if (source !== undefined) copyDecimal(source.holder, source.key, target.holder, target.key);
}

const inapplicable = (at: number, what: string, cause?: string): ProblemError =>
  new ProblemError('invalid', `Operation ${at} of the JSON Patch ${what}.`, { cause });

const NO_FIT = 'cannot be applied: its path does not fit the resource';

function apply(document: object, operation: Operation, at: number): object {
  const pointers = 'from' in operation ? [operation.from, operation.path] : [operation.path];
  if (!pointers.every((pointer) => hasSoundIndexes(document, pointer))) throw inapplicable(at, NO_FIT);
  // The library copies through JSON text, which would lose decimals: hand it copies and let it keep them.
  const owned =
    'value' in operation ? { ...operation, value: cloneResource<unknown>(operation.value) } : operation;
  const source = 'from' in operation ? holderOf(document, operation.from) : undefined;
  let result: object;
  try {
    result = applyOperation(document, owned, true, true, true).newDocument;
  } catch (error) {
    const text = operation.op === 'test' ? 'found another value than it tests for' : NO_FIT;
    // The library's message quotes the document, which may be clinical.
    throw inapplicable(at, text, (error as Error).name);
  }
  keepDecimal(result, operation, source);
  return result;
}

/**
 * Applies a JSON Patch to a copy of the resource.
 * @param patch the parsed body (`parseJson`).
 * @throws ProblemError 400 when it is no JSON Patch, 422 when an operation or test fails, or changes type or id
 */
export function applyJsonPatch(resource: Resource, patch: unknown): Resource {
  if (!Array.isArray(patch)) throw new ProblemError('malformed', 'A JSON Patch is a list of operations.');
  const operations = (patch as unknown[]).map(operationOf);
  let document: object = cloneResource<object>(resource);
  operations.forEach((operation, at) => {
    document = apply(document, operation, at);
  });
  return requireSameResource(resource, document);
}

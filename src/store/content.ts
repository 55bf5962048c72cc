/** Whether two resources say the same. */
import type { Resource } from '@medplum/fhirtypes';
import { type DecimalLiteral, decimalsOf } from '../fhir';
import type { RecordDocument } from './documents';

type Node = Record<string, unknown>;

function defined(node: Node): string[] {
  return Object.keys(node).filter((key) => node[key] !== undefined);
}

/** Deep equality of JSON data; the order of keys and keys that are undefined do not count, as they do not in storage. */
function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = defined(a as Node);
  if (left.length !== defined(b as Node).length) return false;
  return left.every((key) => sameJson((a as Node)[key], (b as Node)[key]));
}

/** Content without what the server sets itself: versionId and lastUpdated. */
function withoutServerMeta(resource: Resource): Node {
  const meta: Node = { ...resource.meta, versionId: undefined, lastUpdated: undefined };
  return { ...resource, meta: defined(meta).length > 0 ? meta : undefined };
}

/** Literals by where they stand: they are collected in the order of keys, which does not count. */
function byPath(decimals: readonly DecimalLiteral[]): Node {
  return Object.fromEntries(decimals.map(({ path, text }) => [path, text]));
}

/** True when an update would make a version that says what the present one says, decimals' precision included. */
export function sameContent(stored: RecordDocument, resource: Resource): boolean {
  return (
    sameJson(withoutServerMeta(stored.resource), withoutServerMeta(resource)) &&
    sameJson(byPath(stored.decimals ?? []), byPath(decimalsOf(resource)))
  );
}

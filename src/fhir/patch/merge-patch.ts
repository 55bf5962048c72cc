/**
 * JSON Merge Patch (RFC 7396) on resources. By hand, since the libraries know nothing of the literals that
 * keep `1.10` from becoming `1.1`.
 */
import type { Resource } from '@medplum/fhirtypes';
import { cloneResource, copyDecimal } from '../json';
import { ProblemError } from '../problem';
import { requireSameResource } from './identity';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return cloneResource(patch);
  const result: Json = isObject(target) ? target : {};
  for (const key of Object.keys(patch)) {
    if (key === '__proto__') throw new ProblemError('malformed', 'The patch has a key that is not allowed.');
    const value = patch[key];
    if (value === null) {
      Reflect.deleteProperty(result, key);
      continue;
    }
    result[key] = merge(Object.hasOwn(result, key) ? result[key] : undefined, value);
    copyDecimal(patch, key, result, key);
  }
  return result;
}

/**
 * Applies a merge patch to a copy of the resource.
 * @param patch the parsed body (`parseJson`).
 * @throws ProblemError 400 when it is not an object, 422 when it changes type or id
 */
export function applyMergePatch(resource: Resource, patch: unknown): Resource {
  if (!isObject(patch)) throw new ProblemError('malformed', 'A JSON Merge Patch of a resource is an object.');
  return requireSameResource(resource, merge(cloneResource(resource), patch));
}

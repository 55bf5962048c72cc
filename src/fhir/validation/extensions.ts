/** Extensions against their definitions, wherever they stand. https://hl7.org/fhir/R4/extensibility.html */
import { freeNode } from '../fhirpath/nodes';
import { isObject, type Context } from './context';
import { checkNode, isEnforced } from './profile';
import { profileAt, type Profile } from './profile-tree';

const definitions = new Map<string, Profile | undefined>();

/** How many URLs without a definition are remembered; clients choose them. */
const MAX_REMEMBERED = 10_000;

function definitionOf(url: string): Profile | undefined {
  if (definitions.has(url)) return definitions.get(url);
  const profile = profileAt(url);
  const made = profile?.type === 'Extension' ? profile : undefined;
  if (definitions.size >= MAX_REMEMBERED) definitions.clear();
  definitions.set(url, made);
  return made;
}

/**
 * An extension whose URL is known here must be as its definition says; one of a guide is told of as a
 * warning here, and as an error by the profile that the resource claims. Unknown ones are left alone.
 */
export function extensionCheck(value: unknown, context: Context): void {
  if (!isObject(value) || typeof value['url'] !== 'string') return;
  const definition = definitionOf(value['url']);
  if (definition === undefined) return;
  const before = context.path;
  const known = context.issues.length;
  checkNode(definition.root, freeNode(value, 'Extension'), {
    ...context,
    prefix: [...before],
    profile: definition.name,
    depth: 0,
  });
  context.path = before;
  if (isEnforced(value['url'])) return;
  for (const issue of context.issues.slice(known)) if (issue.severity === 'error') issue.severity = 'warning';
}

/** Which slice of a sliced element a value belongs to. https://hl7.org/fhir/R4/profiling.html#discriminator */
import { nodeEvaluator } from '../fhirpath';
import { isOfType, resourceNode, type Node } from '../fhirpath/nodes';
import type { Context } from './context';
import { isEqual, matchesPattern } from './patterns';
import { extensionUrlOf, profileAt, type Discriminator, type ProfileNode } from './profile-tree';

type Conforms = (spec: ProfileNode, node: Node) => boolean;

/** What a slice demands at a discriminator's path: a node of its tree, or a part of a fixed value or pattern above. */
type Demand = { node: ProfileNode } | { pattern: unknown } | undefined;

function partOf(value: unknown, names: readonly string[]): unknown {
  let part = value;
  for (const name of names) {
    const at: unknown = Array.isArray(part) ? part[0] : part;
    part = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined;
  }
  return Array.isArray(part) ? (part[0] as unknown) : part;
}

/** Path steps without the functions that only say where to look (`resolve()`, `ofType(T)`, `$this`). */
function namesOf(path: string): string[] {
  return path
    .replace(/\.?(?:resolve\(\)|ofType\([^)]*\))/g, '')
    .replace(/extension\('[^']*'\)/g, 'extension')
    .split('.')
    .filter((name) => name !== '' && name !== '$this');
}

function childOf(node: ProfileNode, name: string): ProfileNode | undefined {
  const child = node.children.get(name);
  if (child !== undefined) return child;
  // A type profile may state what the slice itself does not (an Identifier profile with a fixed system).
  const profile = node.types?.length === 1 ? node.types[0]?.profiles[0] : undefined;
  return profile === undefined ? undefined : profileAt(profile)?.root.children.get(name);
}

function demandOf(slice: ProfileNode, path: string): Demand {
  const names = namesOf(path);
  let node: ProfileNode | undefined = slice;
  for (const [i, name] of names.entries()) {
    const whole: unknown = node.fixed ?? node.pattern;
    if (whole !== undefined) return { pattern: partOf(whole, names.slice(i)) };
    node = childOf(node, name);
    if (node === undefined) return undefined;
  }
  return { node };
}

function valuesAt(path: string, node: Node, context: Context): readonly Node[] {
  if (path === '$this') return [node];
  try {
    return nodeEvaluator(path)(node, resourceNode(context.resource), resourceNode(context.root), {});
  } catch {
    return [];
  }
}

function meetsValue(demand: Demand, values: readonly Node[], conforms: Conforms): boolean {
  if (demand === undefined) return false;
  if ('pattern' in demand) {
    return values.some(
      ({ value }) => isEqual(demand.pattern, value) || matchesPattern(demand.pattern, value),
    );
  }
  return values.some((value) => conforms(demand.node, value)) && states(demand.node);
}

/** Whether a node says anything that tells values apart. */
function states(node: ProfileNode): boolean {
  const own = node.fixed ?? node.pattern ?? node.binding;
  return (
    own !== undefined ||
    node.constraints.length > 0 ||
    [...node.children.values(), ...node.slices.values()].some(states)
  );
}

function meetsType(slice: ProfileNode, demand: Demand, values: readonly Node[]): boolean {
  const types =
    (demand !== undefined && 'node' in demand ? demand.node.types : undefined) ?? slice.types ?? [];
  const targets = types.flatMap(({ targets: named = [] }) => named);
  return values.some(
    ({ type }) =>
      types.some(({ code }) => isOfType(type, code)) ||
      targets.some((target) => target.endsWith(`/${type}`) || profileAt(target)?.type === type),
  );
}

function meets(
  slice: ProfileNode,
  { type, path }: Discriminator,
  node: Node,
  conforms: Conforms,
  context: Context,
): boolean {
  const demand = demandOf(slice, path);
  const values = valuesAt(path, node, context);
  if (type === 'exists') {
    const isForbidden = demand !== undefined && 'node' in demand && demand.node.max === 0;
    return isForbidden ? values.length === 0 : values.length > 0;
  }
  if (type === 'type' || type === 'profile') return meetsType(slice, demand, values);
  return meetsValue(demand, values, conforms);
}

/** Slices of a choice are named by their type (`value[x]:valueQuantity`), whether or not a discriminator says so. */
function isChoiceSlice(spec: ProfileNode, slice: ProfileNode, node: Node): boolean {
  return slice.name === node.key && slice.name !== spec.name && slice.name.startsWith(spec.name);
}

function belongs(
  spec: ProfileNode,
  slice: ProfileNode,
  node: Node,
  conforms: Conforms,
  context: Context,
): boolean {
  if (node.type === 'Extension') {
    const url = extensionUrlOf(slice);
    if (url !== undefined) return (node.value as { url?: unknown } | undefined)?.url === url;
  }
  if (spec.discriminators.length === 0) return isChoiceSlice(spec, slice, node) || conforms(slice, node);
  return (
    isChoiceSlice(spec, slice, node) ||
    spec.discriminators.every((one) => meets(slice, one, node, conforms, context))
  );
}

/** The slice a value belongs to; undefined when to none. */
export function sliceOf(
  spec: ProfileNode,
  node: Node,
  conforms: Conforms,
  context: Context,
): ProfileNode | undefined {
  for (const slice of spec.slices.values()) if (belongs(spec, slice, node, conforms, context)) return slice;
  return undefined;
}

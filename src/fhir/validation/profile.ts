/** Checks values against profile trees. https://hl7.org/fhir/R4/profiling.html */
import { propertiesOf } from '../definitions';
import { isOfType, pushChildren, type Node } from '../fhirpath/nodes';
import { bindingCheck } from './bindings';
import { report, type Context } from './context';
import { invariantCheck } from './invariants';
import { isEqual, matchesPattern } from './patterns';
import { profileAt, type ProfileNode, type ProfileType } from './profile-tree';
import { referenceCheck } from './references';
import { sliceOf } from './slicing';

/** How deeply profiles may refer to profiles (extensions in extensions, Bundles of Bundles). */
const MAX_DEPTH = 20;

const ENFORCED = /^(http:\/\/hl7\.org\/fhir\/StructureDefinition\/|https:\/\/crosswalk\.example\/)/;

export interface ProfileContext extends Context {
  /** Path of the node where the walk began. */
  prefix: readonly (string | number)[];
  /** Name of the profile, for the texts. */
  profile: string;
  depth: number;
}

function elementName(node: Node): string {
  const element =
    node.parent === undefined ? undefined : propertiesOf(node.parent.type).get(node.key)?.element;
  return (element?.name ?? node.key).replace('[x]', '');
}

function pathOf(node: Node, prefix: readonly (string | number)[]): (string | number)[] {
  if (node.parent === undefined) return [...prefix];
  const path = pathOf(node.parent, prefix);
  path.push(elementName(node));
  if (node.index >= 0) path.push(node.index);
  return path;
}

function reportAt(
  node: Node,
  context: ProfileContext,
  code: 'value' | 'required' | 'structure',
  text: string,
  child?: string,
): void {
  context.path = pathOf(node, context.prefix);
  report(context, code, `${text} (profile ${context.profile})`, child);
}

function checkCount(
  spec: ProfileNode,
  parent: Node,
  count: number,
  element: string,
  context: ProfileContext,
): void {
  const what = spec.name === element ? 'The element' : `The slice ${spec.name}`;
  if (count < (spec.min ?? 0)) {
    const needed = spec.min === 1 ? 'is required' : `is needed at least ${spec.min} times`;
    reportAt(parent, context, 'required', `${what} ${needed}.`, element);
  }
  if (count > (spec.max ?? Infinity)) {
    reportAt(
      parent,
      context,
      'structure',
      spec.max === 0 ? `${what} is not allowed.` : `${what} is allowed at most ${spec.max} times.`,
      element,
    );
  }
}

/** The type entries that a value may be judged by; undefined when none fits. */
function fittingTypes(types: readonly ProfileType[], node: Node): ProfileType[] | undefined {
  // Backbone elements have names of their own, and `System.String` stands for ids and urls.
  if (node.type.includes('.') || types.some(({ code }) => code.startsWith('http:'))) return [];
  const fitting = types.filter(({ code }) => isOfType(node.type, code));
  return fitting.length > 0 ? fitting : undefined;
}

/** Extensions that this server vouches for, claimed or not: R4's own and ours. Guides that are merely shipped advise. */
export function isEnforced(url: unknown): boolean {
  return typeof url === 'string' && ENFORCED.test(url);
}

function checkTypes(types: readonly ProfileType[], node: Node, context: ProfileContext): void {
  const fitting = fittingTypes(types, node);
  if (fitting === undefined) {
    reportAt(node, context, 'structure', `The type must be ${types.map(({ code }) => code).join(' or ')}.`);
    return;
  }
  if (node.type === 'Reference') {
    const targets = fitting.flatMap((type) => type.targets ?? []);
    context.path = pathOf(node, context.prefix);
    if (targets.length > 0) referenceCheck(targets)(node.value, context);
  }
  const named = fitting.flatMap(({ profiles }) => profiles);
  // What is checked wherever it stands (extensions.ts) is not checked again.
  const isChecked =
    node.type === 'Extension' && isEnforced((node.value as { url?: unknown } | undefined)?.url);
  if (named.length > 0 && !isChecked) checkAgainstOneOf(named, node, context);
}

function checkAgainstOneOf(canonicals: readonly string[], node: Node, context: ProfileContext): void {
  const known = canonicals.flatMap((canonical) => profileAt(canonical) ?? []);
  if (known.length < canonicals.length || context.depth > MAX_DEPTH) return;
  let fewest: Context['issues'] | undefined;
  for (const profile of known) {
    const issues: Context['issues'] = [];
    checkNode(profile.root, node, { ...context, issues, profile: profile.name, depth: context.depth + 1 });
    if (!issues.some(({ severity }) => severity === 'error')) return;
    if (fewest === undefined || issues.length < fewest.length) fewest = issues;
  }
  context.issues.push(...(fewest ?? []));
}

function checkValue(spec: ProfileNode, node: Node, context: ProfileContext): void {
  if (spec.fixed !== undefined && !isEqual(spec.fixed, node.value))
    reportAt(node, context, 'value', 'The value must be the fixed value.');
  if (spec.pattern !== undefined && !matchesPattern(spec.pattern, node.value)) {
    reportAt(node, context, 'value', 'The value must match the pattern.');
  }
  if (spec.maxLength !== undefined && typeof node.value === 'string' && node.value.length > spec.maxLength) {
    reportAt(node, context, 'value', `The text must not be longer than ${spec.maxLength}.`);
  }
  if (spec.binding === undefined && spec.constraints.length === 0) return;
  context.path = pathOf(node, context.prefix);
  // A value that is absent for a stated reason has no code to check.
  if (spec.binding !== undefined && node.value !== undefined)
    bindingCheck(node.type, spec.binding)?.(node.value, context);
  if (spec.constraints.length > 0) invariantCheck(spec.constraints, node.type)?.(node.value, context);
}

function checkSlices(spec: ProfileNode, parent: Node, nodes: readonly Node[], context: ProfileContext): void {
  const counts = new Map<ProfileNode, number>();
  for (const node of nodes) {
    const slice = sliceOf(spec, node, (inner, value) => conforms(inner, value, context), context);
    if (slice === undefined) {
      if (spec.closed) reportAt(node, context, 'structure', 'The element fits none of the slices allowed.');
      continue;
    }
    counts.set(slice, (counts.get(slice) ?? 0) + 1);
    checkNode(slice, node, context);
  }
  for (const slice of spec.slices.values())
    checkCount(slice, parent, counts.get(slice) ?? 0, spec.name, context);
}

/** Whether a value meets a node without a single error, reporting nothing. */
function conforms(spec: ProfileNode, node: Node, context: ProfileContext): boolean {
  const issues: Context['issues'] = [];
  checkNode(spec, node, { ...context, issues, depth: context.depth + 1 });
  return !issues.some(({ severity }) => severity === 'error');
}

/** Checks a value against a node of a profile. */
export function checkNode(spec: ProfileNode, node: Node, context: ProfileContext): void {
  if (context.depth > MAX_DEPTH) return;
  if (spec.types !== undefined && node.value !== undefined) checkTypes(spec.types, node, context);
  checkValue(spec, node, context);
  for (const child of spec.children.values()) {
    const found: Node[] = [];
    pushChildren(node, child.name, found);
    checkCount(child, node, found.length, child.name, context);
    for (const one of found) checkNode(child, one, context);
    if (child.slices.size > 0) checkSlices(child, node, found, context);
  }
}

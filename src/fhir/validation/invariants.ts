/** Invariants: FHIRPath rules of types and elements, compiled once. https://hl7.org/fhir/R4/conformance-rules.html#constraints */
import { dateRange } from '../dates';
import type { Constraint } from '../definitions';
import { nodeEvaluator } from '../fhirpath';
import { freeNode, resourceNode } from '../fhirpath/nodes';
import { isObject, report, type Context, type Json } from './context';

type Rule = (value: unknown, type: string, context: Context) => boolean;

const list = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** Every `#id` that a resource mentions in a reference, canonical, uri or url. */
function localLinks(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') {
    if (value.startsWith('#')) into.add(value);
  } else if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) localLinks((value as Json)[key], into);
  }
}

/** dom-3: what is contained is referred to, or refers to its container. */
function containedAreUsed(value: unknown): boolean {
  if (!isObject(value) || value['contained'] === undefined) return true;
  const links = new Set<string>();
  localLinks(value, links);
  return list(value['contained']).every((resource) => {
    if (!isObject(resource) || links.has(`#${String(resource['id'])}`)) return true;
    const own = new Set<string>();
    localLinks(resource, own);
    return own.has('#');
  });
}

const containedHaveNo =
  (test: (contained: Json) => boolean): Rule =>
  (value) =>
    !isObject(value) || list(value['contained']).every((resource) => !isObject(resource) || !test(resource));

const metaOf = (resource: Json): Json => (isObject(resource['meta']) ? resource['meta'] : {});

function localReferenceIsContained(value: unknown, _type: string, { root }: Context): boolean {
  const text = isObject(value) ? value['reference'] : undefined;
  if (typeof text !== 'string' || !text.startsWith('#')) return true;
  return (
    text === '#' ||
    list(root['contained']).some((resource) => isObject(resource) && resource['id'] === text.slice(1))
  );
}

function periodRunsForward(value: unknown): boolean {
  if (!isObject(value) || typeof value['start'] !== 'string' || typeof value['end'] !== 'string') return true;
  const [start, end] = [dateRange(value['start']), dateRange(value['end'])];
  return start === undefined || end === undefined || start.low <= end.high;
}

const hasValueKey = (value: Json): boolean => Object.keys(value).some((key) => /^_?value[A-Z]/.test(key));
const always: Rule = () => true;

/**
 * The rules that nearly every element carries, by hand (the same meaning, a hundredth of the cost); keyed by
 * rule and the type that states it.
 */
const BY_HAND: Readonly<Record<string, Rule>> = {
  // Stated by Element and checked with the structure.
  'ele-1': always,
  'ext-1': (value) => !isObject(value) || (value['extension'] !== undefined) !== hasValueKey(value),
  'dom-2': containedHaveNo((contained) => contained['contained'] !== undefined),
  'dom-3': containedAreUsed,
  'dom-4': containedHaveNo(
    (contained) =>
      metaOf(contained)['versionId'] !== undefined || metaOf(contained)['lastUpdated'] !== undefined,
  ),
  'dom-5': containedHaveNo((contained) => metaOf(contained)['security'] !== undefined),
  'ref-1': localReferenceIsContained,
  'per-1': periodRunsForward,
  // The narrative's XHTML is checked with its lexical form.
  'txt-1': always,
  'txt-2': always,
};

/** ras-2 as published cannot be true of several predictions, though both of the standard's own examples have them. */
const CORRECTED: Readonly<Record<string, string>> = {
  'ras-2': 'probability is decimal implies (probability as decimal) <= 100',
};

function compileRule({ key, expression, source }: Constraint): Rule {
  const byHand = BY_HAND[key];
  const isBase = source === undefined || !source.includes('/');
  if (byHand !== undefined && isBase) return byHand;
  const evaluate = nodeEvaluator(isBase ? (CORRECTED[key] ?? expression) : expression);
  return (value, type, { resource, root }) => {
    const context = value === resource ? resourceNode(resource) : freeNode(value, type);
    try {
      const result = evaluate(context, resourceNode(resource), resourceNode(root), {});
      // An empty result is not "false": the rule has nothing to say about this value.
      return result.length === 0 || result.every((node) => node.value !== false);
    } catch {
      // What cannot be evaluated has a structural problem, and that is reported where it is.
      return true;
    }
  };
}

/**
 * Makes the check of a set of constraints on values of a type. Best-practice rules (dom-6, "should have
 * narrative") are not reported: they would be on nearly every write.
 */
export function invariantCheck(
  constraints: readonly Constraint[],
  type: string,
): ((value: unknown, context: Context) => void) | undefined {
  const rules = constraints
    .filter(({ bestPractice, key }) => bestPractice !== true && key !== 'ele-1')
    .map((constraint) => ({ constraint, rule: undefined as Rule | undefined }));
  if (rules.length === 0) return undefined;
  return (value, context) => {
    for (const item of rules) {
      item.rule ??= compileRule(item.constraint);
      if (item.rule(value, type, context)) continue;
      const { key, human, severity } = item.constraint;
      report(context, 'invariant', `${key}: ${human}`, undefined, severity);
    }
  };
}

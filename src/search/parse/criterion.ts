/** One `name=value` of a query: a parameter, a chain, a reverse chain, or one of the parameters of all resources. */
import type { ResourceType } from '@medplum/fhirtypes';
import { isResourceType } from '../../fhir';
import { ALL, NOTHING, anyOf, negate } from '../matches';
import { isContentIndexed } from '../parameters/content';
import type { Parameter } from '../parameters/layout';
import { parameterOf } from '../parameters/registry';
import type { Match } from '../types';
import { parseFilter } from './filter';
import { type Issue, MAX_DEPTH, type ParseContext, report } from './issues';
import { parameterMatch } from './parameter';
import { splitEscaped, unescape } from './split';
import { wordsMatch } from './words';

/** More possible target types than this, and a chain must name the one it means. */
const MAX_TARGETS = 40;

function unknownParameter(type: ResourceType, code: string, context: ParseContext): undefined {
  if (code === '') return report(context, 'A parameter needs a name.');
  return report(context, `${type} has no search parameter ${code}.`, 'not-supported');
}

function idMatch(modifier: string | undefined, value: string, context: ParseContext): Match | undefined {
  if (modifier === 'missing' && /^(true|false)$/.test(value)) return value === 'true' ? NOTHING : ALL;
  if (modifier !== undefined && modifier !== 'not')
    return report(context, `The modifier ${modifier} is not supported on _id.`, 'not-supported');
  const ids = splitEscaped(value, ',').map(unescape);
  if (ids.includes('')) return report(context, 'A value is empty.');
  const match: Match = { kind: 'ids', ids };
  return modifier === 'not' ? negate(match) : match;
}

function listMatch(type: ResourceType, value: string, context: ParseContext): Match | undefined {
  const ids = splitEscaped(value, ',').map((id) => id.replace(/^List\//, ''));
  if (ids.some((id) => id.startsWith('$')))
    return report(context, 'Functional lists are not supported; name a List by its id.', 'not-supported');
  return anyOf(ids.map((id) => ({ kind: 'list', id, type })));
}

function specialMatch(
  type: ResourceType,
  code: string,
  modifier: string | undefined,
  value: string,
  context: ParseContext,
): Match | undefined {
  if (value === '') return report(context, 'A value is expected.');
  if (code === '_id') return idMatch(modifier, value, context);
  if (modifier !== undefined)
    return report(context, `The modifier ${modifier} is not supported on ${code}.`, 'not-supported');
  if (code === '_list') return listMatch(type, value, context);
  if (code === '_filter') return parseFilter(type, value, context);
  const isText = code === '_text';
  const where = isText ? 'narrative' : 'content';
  return wordsMatch(value, { where, indexed: isText || isContentIndexed(type) }, context);
}

const SPECIAL = new Set(['_id', '_list', '_filter', '_text', '_content']);

/** Runs the work one level deeper. */
function deeper<T>(context: ParseContext, work: (inner: ParseContext) => T): T | undefined {
  if (context.depth >= MAX_DEPTH)
    return report(context, `Chains deeper than ${MAX_DEPTH} are not supported.`, 'not-supported');
  return work({ ...context, depth: context.depth + 1 });
}

function chainTargets(
  parameter: Parameter,
  modifier: string | undefined,
  context: ParseContext,
): ResourceType[] | undefined {
  if (modifier !== undefined) {
    if (!isResourceType(modifier))
      return report(context, `${modifier} is not a resource type.`, 'not-supported');
    if (parameter.targets.length > 0 && !parameter.targets.includes(modifier))
      return report(context, `${parameter.code} does not refer to ${modifier}.`, 'not-supported');
    return [modifier as ResourceType];
  }
  if (parameter.targets.length === 0 || parameter.targets.length > MAX_TARGETS)
    return report(context, 'The reference may point to any type: name one, as in subject:Patient.name.');
  return parameter.targets.filter(isResourceType) as ResourceType[];
}

/** Target types on which the rest of the chain means something; when there is none, why. */
function chainMatches(
  targets: readonly ResourceType[],
  rest: string,
  value: string,
  context: ParseContext,
): { type: ResourceType; match: Match }[] | undefined {
  const failures: Issue[][] = [];
  const found = targets.flatMap((type) => {
    const inner: ParseContext = { ...context, issues: [] };
    const match = criterionMatch(type, rest, value, inner);
    if (match === undefined) failures.push(inner.issues);
    return match === undefined ? [] : [{ type, match }];
  });
  if (found.length > 0) return found;
  context.issues.push(
    ...(failures.find((issues) => issues.some(({ code }) => code === 'invalid')) ?? failures[0] ?? []),
  );
  return undefined;
}

/** The keys under which a parameter's references to one type lie. */
function keysTo(parameter: Parameter, type: string): string[] {
  return parameter.parts
    .filter(({ target }) => target === undefined || target === type)
    .map(({ key }) => key);
}

function joinMatch(parameter: Parameter, targets: readonly { type: ResourceType; match: Match }[]): Match {
  return anyOf(
    targets.map((target) => ({ kind: 'join', keys: keysTo(parameter, target.type), targets: [target] })),
  );
}

/** `subject:Patient.name`: https://hl7.org/fhir/R4/search.html#chaining */
function chainMatch(
  type: ResourceType,
  head: string,
  rest: string,
  value: string,
  context: ParseContext,
): Match | undefined {
  const [code = '', modifier] = head.split(':');
  const parameter = parameterOf(type, code);
  if (parameter === undefined) return unknownParameter(type, code, context);
  if (parameter.kind !== 'reference')
    return report(context, `${code} is not a reference: it cannot be chained.`, 'not-supported');
  const targets = chainTargets(parameter, modifier, context);
  if (targets === undefined) return undefined;
  const found = deeper(context, (inner) => chainMatches(targets, rest, value, inner));
  return found && joinMatch(parameter, found);
}

/** `_has:Observation:patient:code`: https://hl7.org/fhir/R4/search.html#has */
function hasMatch(type: ResourceType, name: string, value: string, context: ParseContext): Match | undefined {
  const [, source = '', code = '', rest = ''] = /^_has:([^:]*):([^:]*):(.+)$/.exec(name) ?? [];
  if (!isResourceType(source))
    return report(context, 'The form _has:[type]:[reference]:[parameter] is expected.', 'not-supported');
  const from = source as ResourceType;
  const parameter = parameterOf(from, code);
  if (parameter === undefined) return unknownParameter(from, code, context);
  const keys = keysTo(parameter, type);
  const isTarget = parameter.targets.length === 0 || parameter.targets.includes(type);
  if (parameter.kind !== 'reference' || keys.length === 0 || !isTarget)
    return report(context, `${code} of ${source} does not refer to ${type}.`, 'not-supported');
  const match = deeper(context, (inner) => criterionMatch(from, rest, value, inner));
  return match && { kind: 'has', type: from, keys, own: type, match };
}

/** Where the first link of a chain ends; a dot within `_has:...` belongs to what is inside. */
function chainDot(name: string): number {
  return name.startsWith('_has:') ? -1 : name.indexOf('.');
}

/**
 * The match of one `name=value` on one resource type.
 * @returns undefined, with issues in the context, when it cannot be understood.
 */
export function criterionMatch(
  type: ResourceType,
  name: string,
  value: string,
  context: ParseContext,
): Match | undefined {
  if (name.startsWith('_has:')) return hasMatch(type, name, value, context);
  const dot = chainDot(name);
  if (dot > 0) return chainMatch(type, name.slice(0, dot), name.slice(dot + 1), value, context);
  const colon = name.indexOf(':');
  const code = colon < 0 ? name : name.slice(0, colon);
  const modifier = colon < 0 ? undefined : name.slice(colon + 1);
  if (SPECIAL.has(code)) return specialMatch(type, code, modifier, value, context);
  const parameter = parameterOf(type, code);
  if (parameter === undefined) return unknownParameter(type, code, context);
  return parameterMatch(parameter, modifier, value, context);
}

/** What puts a resource of a type into a compartment: one of the compartment's parameters, or being its owner. */
export function compartmentMatch(
  type: ResourceType,
  owner: { type: ResourceType; id: string },
  codes: readonly string[],
): Match {
  const own: Match[] = type === owner.type ? [{ kind: 'ids', ids: [owner.id] }] : [];
  const through = codes
    .filter((code) => code !== '{def}')
    .map((code) => {
      const context: ParseContext = { name: code, baseUrl: undefined, issues: [], depth: 0 };
      return criterionMatch(type, code, `${owner.type}/${owner.id}`, context) ?? NOTHING;
    });
  return anyOf([...own, ...through]);
}

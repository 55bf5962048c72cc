/** `_filter`. https://hl7.org/fhir/R4/search_filter.html */
import type { ResourceType } from '@medplum/fhirtypes';
import { isResourceType } from '../../fhir';
import { allOf, anyOf, negate } from '../matches';
import type { Parameter } from '../parameters/layout';
import { parameterOf } from '../parameters/registry';
import type { Match } from '../types';
import { type FilterToken, tokenizeFilter } from './filter-tokens';
import { MAX_DEPTH, type ParseContext, report } from './issues';
import { parameterMatch, presence } from './parameter';
import { escapeValue, type Prefix } from './split';
import { parseDateValue, parseNumberValue, parseQuantityValue } from './values/ordered';
import { parseReferenceValue } from './values/reference';
import { fold } from '../values/text';
import { stringMatch } from './values/string';
import { parseSubsumption, parseTokenIn } from './values/token';
import { uriMatch } from './values/uri';

/** A parser over the tokens: `at` is the next one. */
interface Parser {
  tokens: readonly FilterToken[];
  at: number;
  context: ParseContext;
}

const peek = (parser: Parser): FilterToken => parser.tokens[parser.at] ?? { kind: 'end' };

function next(parser: Parser): FilterToken {
  const token = peek(parser);
  parser.at++;
  return token;
}

function isWord(token: FilterToken, text: string): boolean {
  return token.kind === 'word' && token.text === text;
}

function syntax(parser: Parser): undefined {
  return report(parser.context, 'The filter is not well-formed: parameter, operator and value are expected.');
}

/** A text of a filter has no escapes of its own: parameters are given it as they would be written. */
function textMatches(parameter: Parameter, operator: string, text: string): Match | undefined {
  switch (operator) {
    case 'eq':
      return stringMatch(parameter, text, 'equal');
    case 'sw':
      return stringMatch(parameter, text, 'start');
    case 'co':
      return stringMatch(parameter, text, 'contains');
    case 'ew':
      return stringMatch(parameter, text, 'end');
    default:
      return undefined;
  }
}

function tokenMatches(
  parameter: Parameter,
  operator: string,
  text: string,
  context: ParseContext,
): Match | undefined {
  switch (operator) {
    case 'eq':
      return parameterMatch(parameter, undefined, text.replace(/,/g, '\\,'), context);
    case 'co':
    case 'sw':
      return parameterMatch(parameter, 'text', escapeValue(text), context);
    case 'in':
      return parseTokenIn(parameter, escapeValue(text));
    case 'ss':
    case 'sb':
      return parseSubsumption(parameter, text, operator === 'ss' ? 'above' : 'below', context);
    default:
      return undefined;
  }
}

const PREFIXES = new Set<string>(['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap']);

function orderedMatches(
  parameter: Parameter,
  operator: string,
  text: string,
  context: ParseContext,
): Match | undefined {
  if (parameter.kind === 'date' && (operator === 'po' || PREFIXES.has(operator)))
    return parseDateValue(parameter, text, context, operator as Prefix | 'po');
  if (!PREFIXES.has(operator)) return undefined;
  return parameter.kind === 'number'
    ? parseNumberValue(parameter, text, context, operator as Prefix)
    : parseQuantityValue(parameter, text, context, operator as Prefix);
}

function operatorMatch(
  parameter: Parameter,
  operator: string,
  text: string,
  context: ParseContext,
): Match | undefined {
  switch (parameter.kind) {
    case 'string':
      return fold(text) === ''
        ? report(context, 'A text is expected.')
        : textMatches(parameter, operator, text);
    case 'token':
      return tokenMatches(parameter, operator, text, context);
    case 'reference':
      return operator === 'eq' || operator === 're'
        ? parseReferenceValue(parameter, escapeValue(text), undefined, context)
        : undefined;
    case 'uri':
      if (operator === 'eq') return uriMatch(parameter, text, 'equal');
      return operator === 'sw' || operator === 'sb' ? uriMatch(parameter, text, 'below') : undefined;
    case 'date':
    case 'number':
    case 'quantity':
      return orderedMatches(parameter, operator, text, context);
    default:
      return undefined;
  }
}

const ORDERED = new Set(['date', 'number', 'quantity']);

function comparison(
  parameter: Parameter,
  operator: string,
  text: string,
  context: ParseContext,
): Match | undefined {
  if (operator === 'pr') {
    if (text !== 'true' && text !== 'false') return report(context, 'The operator pr takes true or false.');
    return text === 'true' ? presence(parameter) : negate(presence(parameter));
  }
  const isNegated = operator === 'ni' || (operator === 'ne' && !ORDERED.has(parameter.kind));
  const positive = operator === 'ni' ? 'in' : 'eq';
  const before = context.issues.length;
  const match = operatorMatch(parameter, isNegated ? positive : operator, text, context);
  if (match === undefined && context.issues.length === before)
    return report(
      context,
      `The operator ${operator} is not supported on a parameter of type ${parameter.kind}.`,
      'not-supported',
    );
  return match && (isNegated ? negate(match) : match);
}

function idComparison(operator: string, text: string, parser: Parser): Match | undefined {
  const match: Match = { kind: 'ids', ids: [text] };
  if (operator === 'eq') return match;
  if (operator === 'ne') return negate(match);
  return report(parser.context, 'On _id the operators eq and ne are supported.', 'not-supported');
}

function parseComparison(type: ResourceType, code: string, parser: Parser): Match | undefined {
  const operator = next(parser);
  const value = next(parser);
  if (operator.kind !== 'word' || (value.kind !== 'word' && value.kind !== 'text')) return syntax(parser);
  if (code === '_id') return idComparison(operator.text, value.text, parser);
  const parameter = parameterOf(type, code);
  if (parameter === undefined)
    return report(parser.context, `${type} has no search parameter ${code}.`, 'not-supported');
  return comparison(parameter, operator.text, value.text, parser.context);
}

/** Parses the rest of a path on every type that its reference may point to; all must read the same tokens. */
function parseChain(
  type: ResourceType,
  head: string,
  parser: Parser,
  rest: (target: ResourceType) => Match | undefined,
): Match | undefined {
  const [code = '', only] = head.split(':');
  const parameter = parameterOf(type, code);
  if (parameter === undefined || parameter.kind !== 'reference')
    return report(parser.context, `${type} has no reference parameter ${code}.`, 'not-supported');
  const types = (only === undefined ? parameter.targets : [only]).filter(isResourceType) as ResourceType[];
  const from = parser.at;
  const issues = parser.context.issues.length;
  const matches: Match[] = [];
  let end = from;
  for (const target of types) {
    parser.at = from;
    const match = rest(target);
    if (match === undefined) continue;
    end = parser.at;
    const keys = parameter.parts.filter((part) => part.target === undefined || part.target === target);
    matches.push({ kind: 'join', keys: keys.map(({ key }) => key), targets: [{ type: target, match }] });
  }
  parser.at = end;
  if (matches.length === 0)
    return parser.context.issues.length > issues
      ? undefined
      : report(parser.context, `${code} may point to any type: name one.`);
  parser.context.issues.length = issues;
  return anyOf(matches);
}

function parsePath(type: ResourceType, path: string, parser: Parser): Match | undefined {
  const dot = path.indexOf('.');
  if (dot > 0) {
    const rest = path.slice(dot + 1);
    return parseChain(type, path.slice(0, dot), parser, (target) => parsePath(target, rest, parser));
  }
  if (peek(parser).kind !== 'bracket-open') return parseComparison(type, path, parser);
  // `patient[name eq "x"].birthdate gt 1990`: the same target satisfies both.
  return parseChain(type, path, parser, (target) => {
    next(parser);
    const inner = parseOr(target, parser);
    if (next(parser).kind !== 'bracket-close') return syntax(parser);
    const after = peek(parser);
    if (after.kind !== 'word' || !after.text.startsWith('.')) return inner;
    next(parser);
    const outer = parsePath(target, after.text.slice(1), parser);
    return inner && outer && allOf([inner, outer]);
  });
}

function parseTerm(type: ResourceType, parser: Parser): Match | undefined {
  if (++parser.context.depth > MAX_DEPTH * 20) return report(parser.context, 'The filter is too large.');
  const token = next(parser);
  if (isWord(token, 'not') && peek(parser).kind === 'open') {
    const inner = parseTerm(type, parser);
    return inner && negate(inner);
  }
  if (token.kind === 'open') {
    const inner = parseOr(type, parser);
    return next(parser).kind === 'close' ? inner : syntax(parser);
  }
  return token.kind === 'word' ? parsePath(type, token.text, parser) : syntax(parser);
}

function parseList(
  parser: Parser,
  word: string,
  item: () => Match | undefined,
  join: (matches: Match[]) => Match,
): Match | undefined {
  const matches = [item()];
  while (isWord(peek(parser), word)) {
    next(parser);
    matches.push(item());
  }
  const found = matches.filter((match) => match !== undefined);
  return found.length < matches.length ? undefined : join(found);
}

function parseOr(type: ResourceType, parser: Parser): Match | undefined {
  const and = (): Match | undefined => parseList(parser, 'and', () => parseTerm(type, parser), allOf);
  return parseList(parser, 'or', and, anyOf);
}

/** The match of a `_filter` expression on one resource type. */
export function parseFilter(
  type: ResourceType,
  expression: string,
  context: ParseContext,
): Match | undefined {
  const tokens = tokenizeFilter(expression);
  if (tokens === undefined) return report(context, 'A text of the filter is not closed.');
  const parser: Parser = { tokens, at: 0, context: { ...context } };
  const match = parseOr(type, parser);
  if (match !== undefined && peek(parser).kind !== 'end') return syntax(parser);
  return match;
}

/** One parameter with its modifier and values, as a match. https://hl7.org/fhir/R4/search.html#modifiers */
import { fieldPrefix, systemPrefix } from '../entries';
import { anyOf, negate } from '../matches';
import type { Parameter, Part } from '../parameters/layout';
import type { Match } from '../types';
import { type ParseContext, report } from './issues';
import { splitEscaped, unescape } from './split';
import { parseCompositeValue } from './values/composite';
import { parseNearValue } from './values/near';
import { parseDateValue, parseNumberValue, parseQuantityValue } from './values/ordered';
import { anyReference, parseReferenceIdentifier, parseReferenceValue } from './values/reference';
import { fold } from '../values/text';
import { stringMatch } from './values/string';
import { parseOfType, parseSubsumption, parseTokenIn, parseTokenText, parseTokenValue } from './values/token';
import { uriMatch } from './values/uri';

type ValueParser = (value: string) => Match | undefined;

const ORDERED = new Set(['date', 'number', 'quantity']);

function partPresence(parameter: Parameter, part: Part): Match {
  if (parameter.kind === 'reference') return anyReference(part);
  if (part.system !== undefined) return { kind: 'prefix', key: systemPrefix(part.key, part.system) };
  if (ORDERED.has(parameter.kind) || parameter.kind === 'special')
    return { kind: 'range', key: part.key, any: [[]] };
  return { kind: 'prefix', key: fieldPrefix(part.key) };
}

function compositePresence({ parts, form }: Parameter): Match {
  const isOrdered = form?.components.some(({ kind }) => ORDERED.has(kind)) ?? false;
  return anyOf(
    parts.map(({ key }) =>
      isOrdered ? { kind: 'ranges', key: `${key}$` } : { kind: 'prefix', key: fieldPrefix(key) },
    ),
  );
}

/** Whether the resource has a value of the parameter at all. */
export function presence(parameter: Parameter): Match {
  if (parameter.kind === 'composite') return compositePresence(parameter);
  return anyOf(parameter.parts.map((part) => partPresence(parameter, part)));
}

function missing(parameter: Parameter, values: readonly string[], context: ParseContext): Match | undefined {
  const [value, ...more] = values;
  if (more.length > 0 || (value !== 'true' && value !== 'false'))
    return report(context, 'The modifier missing takes true or false.');
  return value === 'true' ? negate(presence(parameter)) : presence(parameter);
}

function unsupported(parameter: Parameter, modifier: string, context: ParseContext): undefined {
  return report(
    context,
    `The modifier ${modifier} is not supported on a parameter of type ${parameter.kind}.`,
    'not-supported',
  );
}

function tokenParser(
  parameter: Parameter,
  modifier: string | undefined,
  context: ParseContext,
): ValueParser | undefined {
  switch (modifier) {
    case undefined:
    case 'not':
      return (value) => parseTokenValue(parameter, value, context);
    case 'text':
      return (value) =>
        fold(unescape(value)) === ''
          ? report(context, 'A text is expected.')
          : parseTokenText(parameter, value);
    case 'in':
    case 'not-in':
      return (value) => parseTokenIn(parameter, value);
    case 'above':
    case 'below':
      return (value) => parseSubsumption(parameter, value, modifier, context);
    case 'of-type':
      return (value) => parseOfType(parameter, value, context);
    default:
      return undefined;
  }
}

function stringParser(
  parameter: Parameter,
  modifier: string | undefined,
  context: ParseContext,
): ValueParser | undefined {
  const how = modifier ?? 'start';
  if (how !== 'start' && how !== 'exact' && how !== 'contains') return undefined;
  return (value) => {
    const text = unescape(value);
    // Of what is left out in comparisons alone, such as control characters, nothing would be left.
    return fold(text) === '' ? report(context, 'A text is expected.') : stringMatch(parameter, text, how);
  };
}

function uriParser(parameter: Parameter, modifier: string | undefined): ValueParser | undefined {
  const how = modifier ?? 'equal';
  if (how !== 'equal' && how !== 'above' && how !== 'below') return undefined;
  return (value) => uriMatch(parameter, unescape(value), how);
}

function plainParser(parameter: Parameter, context: ParseContext): ValueParser | undefined {
  switch (parameter.kind) {
    case 'date':
      return (value) => parseDateValue(parameter, value, context);
    case 'number':
      return (value) => parseNumberValue(parameter, value, context);
    case 'quantity':
      return (value) => parseQuantityValue(parameter, value, context);
    case 'composite':
      return (value) => parseCompositeValue(parameter, value, context);
    case 'special':
      return (value) => parseNearValue(parameter, value, context);
    default:
      return undefined;
  }
}

function parserOf(
  parameter: Parameter,
  modifier: string | undefined,
  context: ParseContext,
): ValueParser | undefined {
  switch (parameter.kind) {
    case 'token':
      return tokenParser(parameter, modifier, context);
    case 'string':
      return stringParser(parameter, modifier, context);
    case 'uri':
      return uriParser(parameter, modifier);
    case 'reference':
      if (modifier === 'identifier') return (value) => parseReferenceIdentifier(parameter, value);
      return (value) => parseReferenceValue(parameter, value, modifier, context);
    default:
      return modifier === undefined ? plainParser(parameter, context) : undefined;
  }
}

/**
 * The alternatives of a composite: `a$1,b$2`, or, where that does not come out even, `a,b$1,2` with alternatives
 * within the components.
 */
function compositeValues({ components }: Parameter, value: string): string[] {
  const values = splitEscaped(value, ',');
  const parts = splitEscaped(value, '$').map((part) => splitEscaped(part, ','));
  const isEven = values.every((each) => splitEscaped(each, '$').length === components.length);
  if (isEven || parts.length !== components.length) return values;
  return parts.reduce((joined, part) => joined.flatMap((before) => part.map((each) => `${before}$${each}`)));
}

/**
 * The match of a parameter's values, of which one must hold; undefined, with issues in the context, when something
 * is wrong.
 */
export function parameterMatch(
  parameter: Parameter,
  modifier: string | undefined,
  value: string,
  context: ParseContext,
): Match | undefined {
  const values =
    parameter.kind === 'composite' ? compositeValues(parameter, value) : splitEscaped(value, ',');
  if (modifier === 'missing') return missing(parameter, values, context);
  const parser = parserOf(parameter, modifier, context);
  if (parser === undefined) return unsupported(parameter, modifier ?? '', context);
  if (values.some((each) => each === '')) return report(context, 'A value is empty.');
  const matches = values.map(parser);
  const found = matches.filter((match) => match !== undefined);
  if (found.length < matches.length) return undefined;
  return modifier === 'not' || modifier === 'not-in' ? negate(anyOf(found)) : anyOf(found);
}

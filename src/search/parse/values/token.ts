/** Token values. https://hl7.org/fhir/R4/search.html#token */
import type { ValueSet } from '@medplum/fhirtypes';
import { ProblemError, canonicalResource, relatedCodes } from '../../../fhir';
import { fieldPrefix, ofTypeEntry, systemEntry, systemPrefix, textPrefix, tokenEntry } from '../../entries';
import { NOTHING, allOf, anyOf, entry } from '../../matches';
import type { Parameter, Part } from '../../parameters/layout';
import type { Match } from '../../types';
import { TEXT_LIMIT, CUT, fold } from '../../values/text';
import { type ParseContext, report } from '../issues';
import { splitEscaped, unescape } from '../split';

/** A token as written: `system` undefined when any will do, empty when there must be none. */
export interface Token {
  system: string | undefined;
  code: string;
}

export function parseToken(text: string): Token {
  const [first = '', ...rest] = splitEscaped(text, '|').map(unescape);
  // A bar within the code itself is forgiven: codes of some systems have them.
  return rest.length === 0 ? { system: undefined, code: first } : { system: first, code: rest.join('|') };
}

const SYSTEMLESS = new Set([
  'code',
  'boolean',
  'string',
  'uri',
  'url',
  'canonical',
  'oid',
  'uuid',
  'id',
  'markdown',
]);

/** Whether no value of the parameter has a system of its own. */
function isBare({ types }: Pick<Parameter, 'types'>): boolean {
  return types.size > 0 && [...types].every((type) => SYSTEMLESS.has(type));
}

const systemsOfValueSet = new Map<string, ReadonlySet<string>>();

function systemsOf(valueSet: string, depth = 0): ReadonlySet<string> {
  const known = systemsOfValueSet.get(valueSet);
  if (known !== undefined) return known;
  const { compose } = canonicalResource(valueSet, 'ValueSet') ?? ({} as ValueSet);
  const systems = new Set<string>();
  for (const include of compose?.include ?? []) {
    if (include.system !== undefined) systems.add(include.system);
    if (depth < 5)
      for (const nested of include.valueSet ?? [])
        systemsOf(nested, depth + 1).forEach((s) => systems.add(s));
  }
  systemsOfValueSet.set(valueSet, systems);
  return systems;
}

/** "code: The system is defined in the value set" (R4 search.html#token): no other system can match. */
function bareMatch(part: Part, parameter: Parameter, { system, code }: Token): Match {
  const isImplied = !system || parameter.valueSets.some((valueSet) => systemsOf(valueSet).has(system));
  if (!isImplied) return NOTHING;
  return code === '' ? { kind: 'prefix', key: fieldPrefix(part.key) } : entry(tokenEntry(part.key, code));
}

function partMatch(part: Part, parameter: Parameter, token: Token): Match {
  const { system, code } = token;
  if (part.system !== undefined) {
    const own =
      code === ''
        ? ({ kind: 'prefix', key: systemPrefix(part.key, part.system) } as const)
        : entry(systemEntry(part.key, part.system, code));
    return !system || system === part.system ? own : allOf([own, tokenMatch(part.key, token)]);
  }
  if (isBare(parameter)) return bareMatch(part, parameter, token);
  // A contact point has no system in the sense of a token: `|555` asks for the number.
  const isContact = system === '' && parameter.types.has('ContactPoint');
  return tokenMatch(part.key, isContact ? { system: undefined, code } : token);
}

/** The entries of a token under one key. */
export function tokenMatch(key: string, { system, code }: Token): Match {
  if (system === undefined) return entry(tokenEntry(key, code));
  return code === ''
    ? { kind: 'prefix', key: systemPrefix(key, system) }
    : entry(systemEntry(key, system, code));
}

/** A token value without modifier. */
export function parseTokenValue(
  parameter: Parameter,
  value: string,
  context: ParseContext,
): Match | undefined {
  const token = parseToken(value);
  if (token.code === '' && !token.system)
    return report(context, 'A code, or a system with a bar behind it, is expected.');
  return anyOf(parameter.parts.map((part) => partMatch(part, parameter, token)));
}

/** `:text`: the text beside the code begins so. */
export function parseTokenText(parameter: Parameter, value: string): Match {
  const folded = fold(unescape(value));
  const text = folded.length > TEXT_LIMIT ? folded.slice(0, TEXT_LIMIT) + CUT : folded;
  return anyOf(parameter.parts.map(({ key }) => ({ kind: 'prefix', key: textPrefix(key) + text })));
}

/** `:of-type=system|code|value` of an identifier. */
export function parseOfType(parameter: Parameter, value: string, context: ParseContext): Match | undefined {
  const [system = '', code = '', ...rest] = splitEscaped(value, '|').map(unescape);
  const identifier = rest.join('|');
  if (!parameter.types.has('Identifier'))
    return report(context, 'The modifier of-type applies to identifiers only.', 'not-supported');
  if (code === '' || identifier === '')
    return report(context, 'The form system|code|value is expected, with code and value.');
  return entry(...parameter.parts.map(({ key }) => ofTypeEntry(key, system, code, identifier)));
}

/** `:in`: resolved when the search runs, because the value set may be stored here. */
export function parseTokenIn(parameter: Parameter, value: string): Match {
  const concept = isBare(parameter) ? 'code' : 'system';
  const valueSet = unescape(value);
  const { code } = parameter;
  return anyOf(
    parameter.parts.map(({ key }) => ({ kind: 'valueset', key, valueSet, concept, parameter: code })),
  );
}

/** The codes that a code subsumes, or by which it is subsumed, itself included. */
function hierarchy(
  system: string,
  code: string,
  direction: 'above' | 'below',
  context: ParseContext,
): string[] | undefined {
  try {
    return relatedCodes(system, code, direction);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return report(
      context,
      'The code, or the hierarchy of its code system, is not known to this server.',
      'not-found',
    );
  }
}

/** `:above` and `:below`: by the hierarchy of a code system that the server ships. */
export function parseSubsumption(
  parameter: Parameter,
  value: string,
  direction: 'above' | 'below',
  context: ParseContext,
): Match | undefined {
  const { system, code } = parseToken(value);
  if (!system || code === '') return report(context, `The modifier ${direction} needs system|code.`);
  const codes = hierarchy(system, code, direction, context);
  if (codes === undefined) return undefined;
  return anyOf(
    parameter.parts.flatMap((part) =>
      codes.map((each) => partMatch(part, parameter, { system, code: each })),
    ),
  );
}

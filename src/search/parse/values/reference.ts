/** Reference values. https://hl7.org/fhir/R4/search.html#reference */
import { isResourceType, parseReference, resourceTypes } from '../../../fhir';
import { referenceText } from '../../extract/emit';
import { identifierKey, referenceEntry, referencePrefix } from '../../entries';
import { NOTHING, anyOf, entry } from '../../matches';
import type { Parameter, Part } from '../../parameters/layout';
import type { Match } from '../../types';
import { type ParseContext, report } from '../issues';
import { unescape } from '../split';
import { parseToken, tokenMatch } from './token';

const ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** The types that an id without a type may belong to. */
function possibleTypes(parameter: Parameter, part: Part, modifier: string | undefined): readonly string[] {
  if (modifier !== undefined) return [modifier];
  if (part.target !== undefined) return [part.target];
  return parameter.targets.length > 0 ? parameter.targets : resourceTypes();
}

const isOfType = (part: Part, type: string, modifier: string | undefined): boolean =>
  (part.target === undefined || part.target === type) && (modifier === undefined || modifier === type);

/** Relative, and absolute under our own base: both are the same resource. */
function localTexts(type: string, id: string, context: ParseContext): string[] {
  const relative = `${type}/${id}`;
  return context.baseUrl === undefined ? [relative] : [relative, `${context.baseUrl}/${relative}`];
}

function partMatch(
  parameter: Parameter,
  part: Part,
  text: string,
  modifier: string | undefined,
  context: ParseContext,
): Match {
  if (ID.test(text)) {
    const types = possibleTypes(parameter, part, modifier);
    return entry(
      ...types
        .flatMap((type) => localTexts(type, text, context))
        .map((target) => referenceEntry(part.key, target)),
    );
  }
  const parsed = parseReference(text, context.baseUrl === undefined ? [] : [context.baseUrl]);
  if (parsed.kind === 'local') {
    if (!isOfType(part, parsed.type, modifier)) return NOTHING;
    return entry(
      ...localTexts(parsed.type, parsed.id, context).map((target) => referenceEntry(part.key, target)),
    );
  }
  // An address elsewhere, or a canonical.
  return entry(referenceEntry(part.key, referenceText(text) ?? text));
}

/** A reference value, by itself or with the modifier `:[type]`. */
export function parseReferenceValue(
  parameter: Parameter,
  value: string,
  modifier: string | undefined,
  context: ParseContext,
): Match | undefined {
  if (modifier !== undefined && !isResourceType(modifier))
    return report(context, `The modifier ${modifier} is neither known nor a resource type.`, 'not-supported');
  const text = unescape(value);
  if (text === '' || /^\/|^[A-Za-z]+\/$/.test(text))
    return report(context, 'A reference is expected: an id, [type]/[id] or a whole address.');
  if (modifier !== undefined && parameter.targets.length > 0 && !parameter.targets.includes(modifier))
    return report(context, `${parameter.code} does not refer to ${modifier}.`, 'not-supported');
  return anyOf(parameter.parts.map((part) => partMatch(parameter, part, text, modifier, context)));
}

/** `:identifier`: the reference's own identifier, not that of what it points to. */
export function parseReferenceIdentifier(parameter: Parameter, value: string): Match {
  const token = parseToken(value);
  return anyOf(parameter.parts.map(({ key }) => tokenMatch(identifierKey(key), token)));
}

/** Whether a parameter has any reference, of its part's type where it is restricted. */
export function anyReference(part: Part): Match {
  if (part.target === undefined) return { kind: 'prefix', key: `${part.key}:` };
  return { kind: 'prefix', key: referencePrefix(part.key, part.target) };
}

/** URI values. https://hl7.org/fhir/R4/search.html#uri */
import { uriEntry, uriPrefix } from '../../entries';
import { anyOf, entry } from '../../matches';
import type { Parameter } from '../../parameters/layout';
import type { Match } from '../../types';

/** Longest address whose beginnings are looked up. */
const MAX_ABOVE = 400;

/** Equal; `:below`: the address begins with the value; `:above`: the value begins with the address. */
export function uriMatch(parameter: Parameter, uri: string, how: 'equal' | 'below' | 'above'): Match {
  if (how === 'below')
    return anyOf(parameter.parts.map(({ key }) => ({ kind: 'prefix', key: uriPrefix(key) + uri })));
  const length = Math.min(uri.length, MAX_ABOVE);
  const addresses = how === 'equal' ? [uri] : Array.from({ length }, (_, i) => uri.slice(0, length - i));
  return anyOf(
    parameter.parts.map(({ key }) => entry(...addresses.map((address) => uriEntry(key, address)))),
  );
}

/** What search asks of terminology: `:in`, `:not-in`, `:below` and `:above` of tokens. */
import { ProblemError } from '../problem';
import { isA } from './code-systems';
import { requireConcept, requireValueSet } from './known';
import type { Member } from './value-sets';

/** The codes of a value set, to be put into a query: search's `:in`. @throws ProblemError 404, 422 as `expand` */
export function membersOfValueSet(url: string): readonly Member[] {
  const set = requireValueSet(url, undefined);
  if (!set.closed)
    throw new ProblemError(
      'invalid',
      'The value set draws on code systems that are not shipped here; it cannot be searched.',
    );
  return set.members;
}

/** A code with all codes below it (search's `:below`), or above it (`:above`). @throws ProblemError 404 */
export function relatedCodes(system: string, code: string, direction: 'below' | 'above'): string[] {
  const { table, concept } = requireConcept({ system, code });
  const related = [...table.concepts.keys()].filter((other) =>
    direction === 'below' ? isA(table, other, concept.code) : isA(table, concept.code, other),
  );
  return related;
}

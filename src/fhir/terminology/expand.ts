/** ValueSet/$expand. https://hl7.org/fhir/R4/valueset-operation-expand.html */
import type { ValueSet, ValueSetExpansionContains } from '@medplum/fhirtypes';
import { ProblemError } from '../problem';
import { codeTable } from './code-systems';
import { requireValueSet } from './known';
import type { Member } from './value-sets';

export interface ExpandInput {
  url?: string;
  valueSet?: ValueSet;
  /** Each word must begin a word of the display, or be the beginning of the code; case is folded. */
  filter?: string;
  offset?: number;
  count?: number;
  includeDesignations?: boolean;
}

function matches(member: Member, words: readonly string[]): boolean {
  const text = ` ${member.display ?? ''} ${member.code}`.toLowerCase();
  return words.every((word) =>
    new RegExp(`[^\\p{L}\\p{N}]${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, 'u').test(text),
  );
}

function expansionEntry(member: Member, withDesignations: boolean): ValueSetExpansionContains {
  const concept = withDesignations ? codeTable(member.system)?.concepts.get(member.code) : undefined;
  const designation = concept?.source.designation;
  return {
    system: member.system,
    ...(member.abstract ? { abstract: true } : {}),
    code: member.code,
    ...(member.display === undefined ? {} : { display: member.display }),
    ...(designation === undefined ? {} : { designation }),
  };
}

/** What may be listed at once without `count`. */
const MAX_EXPANSION = 10_000;

/**
 * ValueSet/$expand with filter and paging; `expansion.total` counts all that match.
 * @throws ProblemError 404 for an unknown value set, 422 when its systems are not shipped or it is too large
 */
export function expand(input: ExpandInput): ValueSet {
  const set = requireValueSet(input.url, input.valueSet);
  if (!set.closed)
    throw new ProblemError(
      'invalid',
      'The value set draws on code systems that are not shipped here; it cannot be expanded.',
    );
  const words = (input.filter ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const found = words.length === 0 ? set.members : set.members.filter((member) => matches(member, words));
  const offset = input.offset ?? 0;
  if (input.count === undefined && found.length > MAX_EXPANSION) {
    throw new ProblemError(
      'invalid',
      `The expansion has more than ${MAX_EXPANSION} codes: ask with count and offset.`,
    );
  }
  const page = found.slice(offset, input.count === undefined ? undefined : offset + input.count);
  const asked = (['filter', 'offset', 'count'] as const).filter((name) => input[name] !== undefined);
  return {
    ...set.source,
    compose: undefined,
    text: undefined,
    expansion: {
      timestamp: new Date().toISOString(),
      total: found.length,
      offset,
      parameter: asked.map((name) =>
        name === 'filter' ? { name, valueString: input.filter } : { name, valueInteger: input[name] },
      ),
      contains: page.map((member) => expansionEntry(member, input.includeDesignations === true)),
    },
  };
}

/**
 * The forms of index entries. A key is a field of the type's layout; what follows the colon tells the form apart:
 *
 * | Entry | Stands for |
 * |---|---|
 * | `code:=718-7` | a code, identifier, uri or boolean, whatever its system |
 * | `code:\|Rb4vK2mQ\|718-7` | the same with its system (hashed; empty when it has none) |
 * | `code:"hemoglobin` | the text beside a token (`:text`) |
 * | `identifier:T9xQ1mZ0a\|mr\|12345` | an identifier with its type (`:of-type`) |
 * | `family:~garcia<TAB>García` | a string folded, and as written when that differs |
 * | `address:^` | some text of the field is longer than its entry |
 * | `subject:>Patient/1` | a reference or canonical |
 * | `subject:I:\|Rb4vK2mQ\|77`, `subject:I:=77` | the identifier of a reference |
 * | `relationship:$...` | the parts of a composite, joined |
 * | `_text:~canoe`, `_content:~canoe` | a word of the narrative; of the whole resource |
 */
import type { ResourceType } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import type { Extracted, IndexFields, RangeEntry } from './types';
import { isLean, withoutDetails } from './lean';
import { LISTS } from './lists';
import type { WordsIn } from './values/words';
import { TAB, short, tokenText, uriText } from './values/text';

export const tokenEntry = (key: string, code: string): string => `${key}:=${tokenText(code)}`;
export const systemEntry = (key: string, system: string, code: string): string =>
  `${key}:|${short(system)}|${tokenText(code)}`;
export const systemPrefix = (key: string, system: string): string => `${key}:|${short(system)}|`;
export const textPrefix = (key: string): string => `${key}:"`;
export const ofTypeEntry = (key: string, system: string, code: string, value: string): string =>
  `${key}:T${short(system)}|${tokenText(code)}|${tokenText(value)}`;
export const stringPrefix = (key: string): string => `${key}:~`;
/** Says that some text of the field was cut. */
export const cutEntry = (key: string): string => `${key}:^`;
export const referenceEntry = (key: string, target: string): string => `${key}:>${uriText(target)}`;
export const referencePrefix = (key: string, type: string): string => `${key}:>${type}/`;
export const uriPrefix = (key: string): string => `${key}:=`;
export const uriEntry = (key: string, uri: string): string => `${key}:=${uriText(uri)}`;
/** Where the identifiers of a field's references lie. */
export const identifierKey = (key: string): string => `${key}:I`;
/** Where words of the narrative or of the whole resource lie. */
export const wordsKey = (where: WordsIn): string => (where === 'narrative' ? '_text' : '_content');
/** Shorter words have no entries: they are everywhere. */
export const SHORTEST_WORD = 2;
/** Longest word of an entry. */
const WORD_LIMIT = 32;
/** A word, by its beginning; every longer word that begins so has an entry that begins so. */
export const wordEntry = (key: string, word: string): string => stringPrefix(key) + word.slice(0, WORD_LIMIT);
export const compositePrefix = (key: string): string => `${key}:$`;
export const compositeRangeKey = (key: string, parts: readonly string[]): string =>
  `${key}$${parts.join(TAB)}`;
/** Every entry of a field begins so. */
export const fieldPrefix = (key: string): string => `${key}:`;
/** Ranges too wide for their low end to tell where the high end lies. */
export const wide = (key: string): string => `${key}+`;
/** The dimension of a quantity in base units. */
export const dimensionKey = (key: string, dimension: string): string => `${key}|${dimension}`;
/** Keys of contained resources. */
export const containedScope = (type: string): string => `#${type}/`;

/** The entry that every document has. */
export const EVERY = '*';

/** Holder of the common directory: a document everybody may read. */
export const EVERYBODY = '*';

/**
 * Stands in `access` of every document for viewers of the whole deployment, so that one index serves them and
 * the practices alike. No Organization id is empty; it never leaves the store.
 */
export const DEPLOYMENT = '';

/** Holders whose viewers plain entries serve. */
const NO_PRACTICE = new Set([EVERYBODY, DEPLOYMENT]);

/**
 * Types that are common to all practices: the directory, and what defines rather than records (conformance,
 * terminology, knowledge). Their entries are written once, whoever holds them.
 */
export const COMMON_TYPES: ReadonlySet<string> = new Set([
  ...['Organization', 'HealthcareService', 'Location', 'Practitioner', 'PractitionerRole', 'Endpoint'],
  ...[
    'OrganizationAffiliation',
    'InsurancePlan',
    'CapabilityStatement',
    'StructureDefinition',
    'SearchParameter',
  ],
  ...[
    'OperationDefinition',
    'ImplementationGuide',
    'CompartmentDefinition',
    'StructureMap',
    'GraphDefinition',
  ],
  ...['MessageDefinition', 'NamingSystem', 'CodeSystem', 'ValueSet', 'ConceptMap', 'TerminologyCapabilities'],
  ...['ActivityDefinition', 'PlanDefinition', 'Library', 'Measure', 'Questionnaire', 'EventDefinition'],
  ...['ChargeItemDefinition', 'ObservationDefinition', 'SpecimenDefinition', 'ResearchDefinition'],
  ...['ResearchElementDefinition', 'ExampleScenario', 'TestScript', 'Evidence', 'EvidenceVariable'],
  ...['EffectEvidenceSynthesis', 'RiskEvidenceSynthesis', 'MedicationKnowledge', 'DeviceDefinition'],
]);

const prefixes = new Map<string, string>();

/** What stands before the entries of one practice: `@`, seven characters of a hash of its id, `/`. */
function holderPrefix(practice: string): string {
  const known = prefixes.get(practice);
  if (known !== undefined) return known;
  const made = `@${createHash('sha256').update(practice).digest('base64url').slice(0, 7)}/`;
  if (prefixes.size >= 10_000) prefixes.clear();
  prefixes.set(practice, made);
  return made;
}

/** The prefix under which a viewer's practice finds entries of a type. */
export function viewerPrefix(type: string, practice: string | undefined): string {
  return practice === undefined || COMMON_TYPES.has(type) ? '' : holderPrefix(practice);
}

/** The holder under which a viewer's practice finds documents of a type, in `access` and the indexes that lead with it. */
export function holderOf(type: string, practice: string | undefined): string {
  if (practice === undefined) return DEPLOYMENT;
  return COMMON_TYPES.has(type) ? EVERYBODY : practice;
}

/** The entries by which lists of the type are ordered: of everything, and of what the type's list filters name. */
function listEntries(type: ResourceType, index: readonly string[]): string[] | undefined {
  const declared = LISTS[type];
  if (declared === undefined) return undefined;
  const beginnings = declared.filters.map(fieldPrefix);
  return index.filter(
    (entry) => entry === EVERY || beginnings.some((beginning) => isListed(entry, beginning)),
  );
}

/** Of a field only the forms that name one value whole: any system for tokens, the target for references. */
function isListed(entry: string, beginning: string): boolean {
  if (!entry.startsWith(beginning)) return false;
  const form = entry.charAt(beginning.length);
  return form === '=' || form === '>';
}

/**
 * The fields of a document: the entries plain, for viewers of the whole deployment, and once more for every practice
 * in `access` under its prefix, so that a practice's query walks its own entries only. Words are written plain alone.
 * Lean types have fewer.
 */
export function indexEntries(
  extracted: Extracted,
  access: readonly string[],
  type: ResourceType,
): IndexFields {
  const index = [EVERY, ...(isLean(type) ? withoutDetails(extracted.index) : extracted.index)];
  const ranges: RangeEntry[] = [...extracted.ranges];
  const list = listEntries(type, index);
  const plain = { index: index.length, list: list?.length ?? 0 };
  if (!COMMON_TYPES.has(type)) {
    for (const holder of access) {
      if (NO_PRACTICE.has(holder)) continue;
      const prefix = holderPrefix(holder);
      for (let i = 0; i < plain.index; i++) index.push(prefix + index[i]);
      for (let i = 0; i < plain.list; i++) list?.push(prefix + list[i]);
      for (const range of extracted.ranges) ranges.push({ ...range, k: prefix + range.k });
    }
  }
  for (const word of extracted.words) index.push(word);
  return { index, ranges, sort: { ...extracted.sort }, ...(list === undefined ? {} : { list }) };
}

/** The fields of a deleted document: no search finds it. */
export function noEntries(): IndexFields {
  return { index: [], ranges: [], sort: {} };
}

import type { ChargeItemDefinition, MedicationKnowledge, ResourceType } from '@medplum/fhirtypes';
import { escapeValue, foldText, parseSearch } from '../search';
import { EVERYTHING, type Store } from '../store';
import { type Drug, type DrugEntry, drugEntryOf, type Fee, feeOf, NDC } from './entry';

export type { Drug, Fee } from './entry';

/** How a drug is named by a prescriber. */
export interface DrugQuery {
  name: string;
  strength?: string | null;
  form?: string | null;
  /** Package, such as 45g. */
  size?: string | null;
  ndc?: string | null;
}

/** The formulary and the fee schedule that the operator imported; common to all practices. */
export interface Formulary {
  /** What is known of a drug: all of it when one entry fits, what the fitting ones agree on when several do. */
  drug(query: DrugQuery): Promise<Drug | undefined>;
  /** The fee of a drug by its NDC, or of a test or product by its name. */
  fee(by: { ndc: string } | { name: string }): Promise<Fee | undefined>;
}

const MOST_ENTRIES = 200;

/** Spacing and case make no other drug: "100 mg" is "100MG". */
const squeeze = (text: string): string => text.normalize('NFKC').replace(/\s+/g, '').toLowerCase();

/** The formulary on the record: active entries, read anew at each question. */
export function createFormulary(store: Store): Formulary {
  const found = async <T>(type: ResourceType, query: Record<string, string>): Promise<T[]> => {
    const parameters = new URLSearchParams({ ...query, status: 'active', _count: String(MOST_ENTRIES) });
    const page = await store.search(EVERYTHING, parseSearch(type, parameters.toString()));
    return page.matches.map((match) => match.resource as T);
  };
  const entries = async (query: Record<string, string>): Promise<DrugEntry[]> =>
    (await found<MedicationKnowledge>('MedicationKnowledge', query)).map(drugEntryOf);
  const feesOf = (ndc: string): Promise<ChargeItemDefinition[]> =>
    found('ChargeItemDefinition', { identifier: `${NDC}|${escapeValue(ndc)}` });
  const feesNamed = async (name: string): Promise<ChargeItemDefinition[]> => {
    const word = firstWordOf(name);
    if (word === undefined) return [];
    const fees = await found<ChargeItemDefinition>('ChargeItemDefinition', { title: escapeValue(word) });
    return fees.filter(({ title }) => squeeze(title ?? '') === squeeze(name));
  };

  return {
    async drug(query) {
      const byCode = query.ndc ? await entries({ code: `${NDC}|${escapeValue(query.ndc)}` }) : [];
      if (byCode.length > 0) return agreed(byCode);
      const firstWord = firstWordOf(query.name);
      return firstWord === undefined
        ? undefined
        : bestOf(await entries({ name: escapeValue(firstWord) }), query);
    },
    async fee(by) {
      const [definition] = 'ndc' in by ? await feesOf(by.ndc) : await feesNamed(by.name);
      return definition === undefined ? undefined : feeOf(definition);
    },
  };
}

/** What a name is searched by; undefined for a word of which nothing would be left to search for, such as an accent alone. */
function firstWordOf(name: string): string | undefined {
  const [word = ''] = name.trim().split(/\s+/);
  return foldText(word) === '' ? undefined : word;
}

/** Entries of exactly this name come before those that it begins; a package of another size says less. */
function bestOf(entries: readonly DrugEntry[], { name, strength, form, size }: DrugQuery): Drug | undefined {
  const spellings = [
    name,
    `${name}${strength ?? ''}`,
    `${name}${strength ?? ''}${form ?? ''}`,
    `${name}${form ?? ''}${strength ?? ''}`,
  ];
  const wanted = new Set(spellings.map(squeeze));
  const exact = entries.filter(({ names }) => names.some((one) => wanted.has(squeeze(one))));
  const longest = squeeze(`${name}${strength ?? ''}`);
  const isMoreThanName = Boolean(strength);
  const begun = isMoreThanName
    ? entries.filter(({ names }) => names.some((one) => squeeze(one).startsWith(longest)))
    : [];
  const fitting = exact.length > 0 ? exact : begun;
  if (!size) return agreed(fitting);
  const sized = fitting.filter((entry) => entry.size === undefined || squeeze(entry.size) === squeeze(size));
  if (sized.length > 0) return agreed(sized);
  const other = agreed(fitting);
  return other && { ...other, ndc: undefined, daysSupply: undefined, refills: undefined };
}

/** What all entries say alike. */
function agreed(entries: readonly DrugEntry[]): Drug | undefined {
  const [first] = entries;
  if (first === undefined) return undefined;
  const same = <K extends keyof Drug>(key: K): Drug[K] | undefined =>
    entries.every((entry) => entry[key] === first[key]) ? first[key] : undefined;
  return {
    genericName: same('genericName'),
    ndc: same('ndc'),
    manufacturer: same('manufacturer'),
    daysSupply: same('daysSupply'),
    refills: same('refills'),
    deaSchedule: same('deaSchedule'),
    readyMinutes: same('readyMinutes'),
    refillReadyMinutes: same('refillReadyMinutes'),
  };
}

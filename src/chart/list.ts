import type { Patient } from '@medplum/fhirtypes';
import { matchesInMemory, parseSearch, type SearchRequest } from '../search';
import type { Store, StoredVersion, Viewer } from '../store';
import { coveragesOf, firstWrittenAt } from './load';
import { patientMapping, type PatientStatus } from './mapping';
import type { PatientView } from './patients';

export interface PatientListRequest {
  /** Beginnings of name words, of the e-mail or of the phone's digits; all of them must hold. */
  search?: string;
  status?: PatientStatus;
  sortBy: 'lastName' | 'firstName' | 'createdAt';
  order: 'asc' | 'desc';
  limit: number;
  offset: number;
}

export interface PatientList {
  patients: PatientView[];
  /** Of all matches. */
  total: number;
  /** Ids. */
  ids: string[];
}

/** Values that the index orders patients by. */
const SORT = { lastName: 'family', firstName: 'given', createdAt: 'created' } as const;

/** Patients of a practice. Dermifi, "List all patients with pagination and filtering". */
export async function listPatients(
  store: Store,
  viewer: Viewer,
  request: PatientListRequest,
  at: Date,
): Promise<PatientList> {
  const total = await totalOf(store, viewer, request);
  const patients = await pageOf(store, viewer, request, total);
  const coverages = await coveragesOf(
    store,
    viewer,
    patients.map(({ id }) => `Patient/${id}`),
  );
  const views = await Promise.all(
    patients.map(async (version) => {
      const coverage = coverages.get(`Patient/${version.id}`);
      const firstWritten = await firstWrittenAt(store, viewer, version);
      const bound = { patient: version.resource, ...(coverage !== undefined && { coverage }) };
      return patientMapping.read(bound, 'list', { at, ...(firstWritten !== undefined && { firstWritten }) });
    }),
  );
  return {
    patients: views,
    total,
    ids: patients.map(({ id }) => id),
  };
}

/** From so many matches on a search may be broad: below, they are simply found and put in order. */
const BROAD = 400;
/** Patients looked at together on a walk. */
const STRIDE = 200;

/**
 * The page. Few matches are found by the index and sorted; where a search holds for many, walking all patients in
 * order mostly meets a page of them sooner.
 */
async function pageOf(
  store: Store,
  viewer: Viewer,
  request: PatientListRequest,
  total: number,
): Promise<StoredVersion<Patient>[]> {
  const mayWalk = request.search !== undefined && (request.status ?? 'active') === 'active' && total > BROAD;
  const walked = mayWalk ? await walk(store, viewer, request, total) : undefined;
  return walked ?? ((await store.search(viewer, searchOf(request))).matches as StoredVersion<Patient>[]);
}

/**
 * The page's patients, met on the way through all of them in order. Given up, with undefined, where that looks at more
 * patients than there are matches to be sorted: who is sought by last name stands anywhere in the order of last names.
 */
async function walk(
  store: Store,
  viewer: Viewer,
  request: PatientListRequest,
  total: number,
): Promise<StoredVersion<Patient>[] | undefined> {
  const wanted = searchOf(request);
  const needed = request.offset + request.limit;
  const inOrder = searchOf({ ...request, search: '', limit: STRIDE, offset: 0 });
  const met: StoredVersion<Patient>[] = [];
  let cursor: string | undefined;
  for (let looked = 0; looked < total; looked += STRIDE) {
    const page = await store.search(viewer, { ...inOrder, cursor });
    met.push(
      ...(page.matches.filter(({ resource }) =>
        matchesInMemory(wanted, resource),
      ) as StoredVersion<Patient>[]),
    );
    cursor = page.next;
    if (cursor === undefined || met.length >= needed) return met.slice(request.offset, needed);
  }
  return undefined;
}

/** How many there are; active ones are all but the others, which the index counts without looking at any patient. */
async function totalOf(store: Store, viewer: Viewer, request: PatientListRequest): Promise<number> {
  if (request.status !== 'active') return store.count(viewer, searchOf(request));
  const everyone = new URLSearchParams(searchTerms(request.search));
  const others = new URLSearchParams([...everyone, ['active', 'false']]);
  const [all, inactive] = await Promise.all(
    [everyone, others].map((query) => store.count(viewer, parseSearch('Patient', query))),
  );
  return (all ?? 0) - (inactive ?? 0);
}

function searchOf({ search, status, sortBy, order, limit, offset }: PatientListRequest): SearchRequest {
  const query = new URLSearchParams({ _count: String(limit) });
  if (status === 'active') query.set('active:not', 'false');
  if (status === 'inactive') {
    query.set('active', 'false');
    query.set('standing:not', 'pending');
  }
  if (status === 'pending') {
    query.set('active', 'false');
    query.set('standing', 'pending');
  }
  for (const [name, value] of searchTerms(search)) query.append(name, value);
  const sort = [{ code: SORT[sortBy], keys: [SORT[sortBy]], descending: order === 'desc' }];
  return { ...parseSearch('Patient', query), sort, offset };
}

/** The search's words as parameters of a search. */
const searchTerms = (search = ''): [string, string][] =>
  wordsOf(search).map((words) => ['find', words.map(escaped).join(',')]);

/** What must be found, each in one of its forms: a telephone number as its digits, other text word by word. */
function wordsOf(search: string): string[][] {
  const text = search.trim();
  const digits = text.replace(/\D/g, '');
  if (/^[+\d\s().\-/]+$/.test(text) && digits !== '') return [[text, digits]];
  return text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map((word) => [word]);
}

const escaped = (word: string): string => word.replace(/[\\,$|]/g, (character) => `\\${character}`);

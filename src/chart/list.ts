import type { Patient } from '@medplum/fhirtypes';
import { escapeValue, foldText, parseSearch, type SearchRequest } from '../search';
import type { Store, StoredVersion, Viewer } from '../store';
import { coveragesOf } from './load';
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
  const query = searchOf(request);
  const [total, { matches }] = await Promise.all([
    totalOf(store, viewer, request),
    store.search(viewer, query),
  ]);
  const patients = matches as StoredVersion<Patient>[];
  const coverages = await coveragesOf(
    store,
    viewer,
    patients.map(({ id }) => `Patient/${id}`),
  );
  const views = patients.map(({ id, resource, firstWritten }) => {
    const coverage = coverages.get(`Patient/${id}`);
    const bound = { patient: resource, ...(coverage !== undefined && { coverage }) };
    return patientMapping.read(bound, 'list', { at, ...(firstWritten !== undefined && { firstWritten }) });
  });
  return {
    patients: views,
    total,
    ids: patients.map(({ id }) => id),
  };
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
  wordsOf(search).map((words) => ['find', words.map(escapeValue).join(',')]);

/**
 * What must be found, each in one of its forms: a telephone number as its digits, other text word by word. A word of
 * which comparisons leave nothing (control characters, accents alone) holds for everybody, as no word does.
 */
function wordsOf(search: string): string[][] {
  const text = search.trim();
  const digits = text.replace(/\D/g, '');
  if (/^[+\d\s().\-/]+$/.test(text) && digits !== '') return [[text, digits]];
  return text
    .split(/[\s,]+/)
    .filter((word) => foldText(word) !== '')
    .map((word) => [word]);
}

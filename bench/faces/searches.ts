import type { Load } from './measure';
import type { Bench } from './processes';
import { progress } from '../progress';

const FHIR = 'application/fhir+json';
/** One observation for so many patients. */
const PATIENTS_AN_OBSERVATION = 4;
const CODES = 500;
const CHUNK = 500;

function observationOf(i: number): object {
  return {
    resourceType: 'Observation',
    id: `o${i}`,
    status: 'final',
    code: { coding: [{ system: 'urn:bench', code: `c${i % CODES}` }] },
    subject: { reference: `Patient/p${i * PATIENTS_AN_OBSERVATION}` },
    effectiveDateTime: `20${String(10 + (i % 15)).padStart(2, '0')}-0${1 + (i % 9)}-1${i % 10}`,
    valueQuantity: { value: i % 200, system: 'http://unitsofmeasure.org', code: 'mm[Hg]', unit: 'mmHg' },
  };
}

/** Brings the observations beside `from` patients to those beside `to`; ids are `o<number>`. */
export async function loadObservations(bench: Bench, from: number, to: number): Promise<void> {
  const first = Math.ceil(from / PATIENTS_AN_OBSERVATION);
  const end = Math.ceil(to / PATIENTS_AN_OBSERVATION);
  for (let at = first; at < end; at += CHUNK) {
    const entry = Array.from({ length: Math.min(CHUNK, end - at) }, (_, i) => ({
      resource: observationOf(at + i),
      request: { method: 'PUT', url: `Observation/o${at + i}` },
    }));
    const answer = await fetch(`${bench.url}/fhir/R4`, {
      method: 'POST',
      headers: {
        'Content-Type': FHIR,
        Authorization: `Bearer ${bench.token()}`,
        Prefer: 'return=minimal',
      },
      body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
    });
    if (!answer.ok) throw new Error(`Loading failed: ${answer.status} ${await answer.text()}`);
    progress('observations', at + entry.length, end);
  }
}

/** Searches that join, compose or sort: a page of 20 each. */
export function joinedSearches(bench: Bench): Record<string, Load> {
  const headers = () => ({ Authorization: `Bearer ${bench.token()}` });
  const below = (limit: number): number => Math.floor(Math.random() * limit);
  const code = (): string => `urn:bench%7Cc${below(CODES)}`;
  const search = (query: () => string): Load => ({
    url: bench.url,
    method: 'GET',
    headers,
    connections: 8,
    path: () => `/fhir/R4/${query()}&_count=20`,
  });
  return {
    'FHIR chained': search(() => `Observation?subject:Patient.family=Family${below(997)}`),
    'FHIR _has': search(() => `Patient?_has:Observation:subject:code=${code()}`),
    'FHIR _include': search(() => `Observation?code=${code()}&_include=Observation:subject`),
    'FHIR _revinclude': search(() => `Patient?family=Family${below(997)}&_revinclude=Observation:subject`),
    'FHIR composite': search(() => `Observation?code-value-quantity=${code()}%24gt${below(200)}`),
    'FHIR sorted': search(() => `Patient?gender=${below(2) === 0 ? 'male' : 'female'}&_sort=-birthdate`),
    'FHIR two keys': search(() => `Patient?family=Family${below(997)}&_sort=gender,-birthdate`),
  };
}

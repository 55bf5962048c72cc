import type { Coverage, Patient } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import { escapeValue, parseSearch } from '../search';
import type { StoreAccess, StoreTransaction, Viewer } from '../store';
import { referralMapping } from './mapping';

/** System of AHCCCS ids. */
const AHCCCS = 'https://crosswalk.example/fhir/NamingSystem/ahcccs-id';

/** What a referral says about its client. */
export interface ClientFacts {
  client_first: string;
  client_last: string;
  client_dob?: string | null;
  client_ahcccs_id?: string | null;
}

/** The Patient that a client is to the sending practice. */
export interface FoundClient {
  /** A known Patient that nothing contradicts, undefined for a new one. */
  known: Patient | undefined;
  /** A Patient with the same AHCCCS id that says otherwise: the new one is linked to it. */
  seeAlso: Patient | undefined;
}

/** Case and spacing do not make another name. */
const fold = (text: string | undefined): string =>
  (text ?? '').normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();

/**
 * Looks a client up among the Patients that the practice knows (decisions, "The client"): by AHCCCS id, then by name and
 * birth date. Takes the locks that make parallel creates for one client find each other's Patient.
 */
export async function findClient(
  tx: StoreTransaction,
  viewer: Viewer,
  facts: ClientFacts,
): Promise<FoundClient> {
  await tx.lock(...lockKeys(viewer, facts));
  const byId = await patientsWithId(tx, viewer, facts.client_ahcccs_id);
  const known = best(
    byId.filter((patient) => !contradicts(patient, facts)),
    facts,
  );
  if (known !== undefined || byId.length > 0)
    return { known, seeAlso: known === undefined ? byId[0] : undefined };
  const sameNameAndBirth = (await patientsBorn(tx, viewer, facts)).filter(
    (patient) => !contradicts(patient, facts) && !hasOtherId(patient, facts.client_ahcccs_id),
  );
  return { known: best(sameNameAndBirth, facts), seeAlso: undefined };
}

function lockKeys(viewer: Viewer, facts: ClientFacts): string[] {
  const { client_ahcccs_id: id, client_dob: dob } = facts;
  const identities = [
    ...(id ? [`id ${id}`] : []),
    ...(dob ? [`name ${fold(facts.client_first)} ${fold(facts.client_last)} ${dob}`] : []),
  ];
  // Hashed: the keys are kept, and who the clients are is not theirs to tell.
  const hash = (text: string): string =>
    createHash('sha256')
      .update(`${viewer.practice ?? ''} ${text}`)
      .digest('base64url');
  return identities.map((identity) => `client ${hash(identity)}`);
}

async function patientsWithId(
  tx: StoreAccess,
  viewer: Viewer,
  id: string | null | undefined,
): Promise<Patient[]> {
  if (!id) return [];
  return patients(
    tx,
    viewer,
    { identifier: `${AHCCCS}|${escapeValue(id)}` },
    (patient) => ahcccsId(patient) === id,
  );
}

/** Born on that day, with a family name that begins like the client's: all that the names need to be compared in. */
async function patientsBorn(
  tx: StoreAccess,
  viewer: Viewer,
  { client_dob: dob, client_last: last }: ClientFacts,
): Promise<Patient[]> {
  if (!dob) return [];
  const [family = ''] = fold(last).split(' ');
  return patients(
    tx,
    viewer,
    { birthdate: dob, family: escapeValue(family) },
    (patient) => patient.birthDate === dob,
  );
}

async function patients(
  tx: StoreAccess,
  viewer: Viewer,
  query: Record<string, string>,
  isMeant: (patient: Patient) => boolean,
): Promise<Patient[]> {
  const parameters = new URLSearchParams({ ...query, _sort: '_lastUpdated', _count: '1000' });
  const page = await tx.search(viewer, parseSearch('Patient', parameters.toString()));
  return page.matches.map((match) => match.resource as Patient).filter(isMeant);
}

function ahcccsId(patient: Patient): string | undefined {
  return patient.identifier?.find((identifier) => identifier.system === AHCCCS)?.value;
}

function hasOtherId(patient: Patient, id: string | null | undefined): boolean {
  const own = ahcccsId(patient);
  return Boolean(id) && own !== undefined && own !== id;
}

function contradicts(patient: Patient, facts: ClientFacts): boolean {
  const { client_dob: dob } = facts;
  const otherBirth = Boolean(dob) && patient.birthDate !== undefined && patient.birthDate !== dob;
  return otherBirth || !(patient.name ?? []).some((name) => isNamed(name, facts));
}

function isNamed(name: { given?: string[]; family?: string }, facts: ClientFacts): boolean {
  const first = fold(facts.client_first);
  const isFirst = fold(name.given?.[0]) === first || fold(name.given?.join(' ')) === first;
  return isFirst && fold(name.family) === fold(facts.client_last);
}

/** Of several the one that is spelled as sent, else the longest known. */
function best(candidates: readonly Patient[], facts: ClientFacts): Patient | undefined {
  return candidates.find((patient) => isSpelledAs(patient, facts)) ?? candidates[0];
}

/** True when the Patient's name reads exactly as sent. */
export function isSpelledAs(patient: Patient, facts: ClientFacts): boolean {
  const shown = referralMapping.read({ patient }, 'client');
  return shown['client_first'] === facts.client_first && shown['client_last'] === facts.client_last;
}

/** A Coverage of the Patient by the same payor, so that a client's referrals share it. */
export async function findCoverage(
  tx: StoreAccess,
  viewer: Viewer,
  patientId: string,
  payor: string,
): Promise<Coverage | undefined> {
  const query = new URLSearchParams({ beneficiary: `Patient/${patientId}`, status: 'active', _count: '100' });
  const page = await tx.search(viewer, parseSearch('Coverage', query.toString()));
  const coverages = page.matches.map((match) => match.resource as Coverage);
  return coverages.find((coverage) => coverage.payor.length === 1 && coverage.payor[0]?.display === payor);
}

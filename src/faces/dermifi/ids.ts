import { ProblemError } from '../../fhir';
import type { Exchange } from '../../http';

/** Prefixes of ids in the API: an id is `<prefix>_` and the FHIR id (mapping, "Ids"). */
export type IdPrefix =
  'pat' | 'prov' | 'ord' | 'item' | 'rx' | 'ref' | 'trans' | 'photo' | 'note' | 'hist' | 'visit' | 'pharm';

const FHIR_ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** What is there under this id, in the words of a 404. */
const NAMES: Readonly<Record<IdPrefix, string>> = {
  pat: 'Patient',
  prov: 'Provider',
  ord: 'Order',
  item: 'Order item',
  rx: 'Prescription',
  ref: 'Refill request',
  trans: 'Transmission',
  photo: 'Photo',
  note: 'Note',
  hist: 'History entry',
  visit: 'Visit',
  pharm: 'Pharmacy',
};

/** The FHIR id behind an id of the API; undefined when it has another form. */
export function fhirId(prefix: IdPrefix, id: string): string | undefined {
  const bare = id.startsWith(`${prefix}_`) ? id.slice(prefix.length + 1) : '';
  return FHIR_ID.test(bare) ? bare : undefined;
}

/** @returns the problem of an id in a path that nothing has. */
export function notFound(prefix: IdPrefix): ProblemError {
  return new ProblemError('not-found', `${NAMES[prefix]} not found`);
}

/** The FHIR id of the path's `:id`. @throws ProblemError not-found */
export function pathId(x: Exchange, prefix: IdPrefix): string {
  const id = fhirId(prefix, String(x.req.params['id'] ?? ''));
  if (id === undefined) throw notFound(prefix);
  return id;
}

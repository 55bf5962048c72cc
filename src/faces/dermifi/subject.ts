import type { Exchange } from '../../http';
import { fhirId, type IdPrefix } from './ids';

/** What the ids in the paths of each area name. */
const SUBJECTS: Readonly<Record<string, readonly [prefix: IdPrefix, type: string]>> = {
  patients: ['pat', 'Patient'],
  providers: ['prov', 'Practitioner'],
  orders: ['ord', 'RequestGroup'],
  prescriptions: ['rx', 'MedicationRequest'],
  refills: ['ref', 'Task'],
};

/** The resource that the path names. */
export function subjectOf({ req }: Exchange): string | undefined {
  const [, area = '', named = ''] = req.path.split('/');
  const [prefix, type] = SUBJECTS[area] ?? [];
  const id = prefix === undefined ? undefined : fhirId(prefix, named);
  return id === undefined || type === undefined ? undefined : `${type}/${id}`;
}

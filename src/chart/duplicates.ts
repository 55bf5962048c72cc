import type { Patient } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import { inUseFirst, ProblemError } from '../fhir';
import type { StoreTransaction, Viewer } from '../store';
import { found } from './load';
import { patientStatus } from './mapping';

/** Who a patient is, as far as one practice can tell. */
interface Person {
  id: string;
  first: string;
  last: string;
  born: string | undefined;
  email: string;
}

const fold = (text: string | undefined): string =>
  (text ?? '').normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();

function personOf({ id = '', name: names, birthDate, telecom }: Patient): Person {
  const [name] = inUseFirst(names);
  return {
    id,
    first: fold(name?.given?.[0]),
    last: fold(name?.family),
    born: birthDate,
    email: fold(inUseFirst(telecom).find(({ system }) => system === 'email')?.value),
  };
}

/**
 * Refuses a patient whose name, birth date and e-mail the practice has already. Parallel calls wait for each other.
 * @throws ProblemError conflict (409) naming the other patient's id and status.
 */
export async function requireNew(tx: StoreTransaction, viewer: Viewer, patient: Patient): Promise<void> {
  const { id, ...person } = personOf(patient);
  const key = JSON.stringify([viewer.practice ?? '', person.first, person.last, person.born, person.email]);
  // Hashed: lock keys are kept, and who the patients are is not theirs to tell.
  await tx.lock(`patient ${createHash('sha256').update(key).digest('base64url')}`);
  if (person.born === undefined) return;
  const candidates = await found<Patient>(tx, viewer, 'Patient', { birthdate: person.born });
  const other = candidates.find((candidate) => {
    const { id: otherId, ...known } = personOf(candidate);
    return otherId !== id && JSON.stringify(known) === JSON.stringify(person);
  });
  if (other === undefined) return;
  throw new ProblemError(
    'conflict',
    `A patient with this name, date of birth and email already exists: pat_${other.id ?? ''}, which is ${patientStatus(other)}`,
  );
}

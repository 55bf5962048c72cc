import { referencedId } from '../fhir';
import type {
  Communication,
  MedicationRequest,
  Patient,
  Reference,
  RequestGroup,
  Task,
} from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { findPharmacy, type Pharmacy } from '../pharmacy';
import type { StoreAccess, Viewer } from '../store';
import type { Actor } from './actor';
import { present } from './references';
import type { PrescriptionServices } from './services';
import { created, sound } from './sound';

/** What a Communication is about, and what it says. */
export interface NoticeText {
  about: Task | MedicationRequest | RequestGroup;
  text: string;
  at: Date;
}

function communication(recipient: string, { about, text, at }: NoticeText): Communication & { id: string } {
  const subject = subjectOf(about);
  return {
    resourceType: 'Communication',
    id: randomUUID(),
    status: 'completed',
    about: [{ reference: `${about.resourceType}/${about.id ?? ''}` }],
    ...(referencedId(subject, 'Patient') !== undefined && { subject: subject as Reference<Patient> }),
    recipient: [{ reference: recipient }],
    sent: at.toISOString(),
    payload: [{ contentString: text }],
  };
}

function subjectOf(about: NoticeText['about']): Reference | undefined {
  return about.resourceType === 'Task' ? about.for : about.subject;
}

/**
 * Tells a pharmacy, and keeps what it was told as a Communication.
 * @returns false when the network did not take it over
 */
export async function tellPharmacy(
  { network, store }: Pick<PrescriptionServices, 'network' | 'store'>,
  actor: Actor,
  pharmacy: Pharmacy & { id: string },
  notice: NoticeText,
): Promise<boolean> {
  const made = communication(`Organization/${pharmacy.id}`, notice);
  const isTold = await network.notify({ id: made.id, pharmacy, text: notice.text }).catch(() => false);
  if (isTold) await store.commit(sound([created(made)]), actor.step());
  return isTold;
}

/** A message to the patient; undefined when the patient can be reached neither by e-mail nor by phone. */
export async function messageToPatient(
  access: StoreAccess,
  viewer: Viewer,
  notice: NoticeText,
): Promise<(Communication & { id: string }) | undefined> {
  const id = referencedId(subjectOf(notice.about), 'Patient');
  const patient = id === undefined ? undefined : await present<Patient>(access, viewer, 'Patient', id);
  const isReachable = patient?.telecom?.some(({ value }) => value !== undefined) ?? false;
  return isReachable && id !== undefined ? communication(`Patient/${id}`, notice) : undefined;
}

/** The pharmacy that a reference leads to. */
export async function pharmacyAt(
  access: StoreAccess,
  viewer: Viewer,
  reference: Reference | undefined,
): Promise<(Pharmacy & { id: string }) | undefined> {
  const id = referencedId(reference, 'Organization');
  const pharmacy = id === undefined ? undefined : await findPharmacy(access, viewer, id);
  return pharmacy === undefined || id === undefined ? undefined : { ...pharmacy, id };
}

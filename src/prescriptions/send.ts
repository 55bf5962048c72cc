import type { Organization, Task } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { ProblemError } from '../fhir';
import type { Pharmacy } from '../pharmacy';
import type { Actor, Shown } from './actor';
import { loadPrescription, lockOf, requireActive, type LoadedPrescription } from './load';
import { transmissionMapping } from './mapping';
import { requirePharmacy } from './parties';
import { to } from './references';
import type { PrescriptionServices } from './services';
import { changed, created, sound } from './sound';
import { handOver, type Handover, withHandover } from './transmit';

/** Body of `POST /prescriptions/{id}/send` with FHIR ids. Dermifi, "Send prescription to pharmacy". */
export interface SendRequest {
  pharmacyId: string;
  method?: string | null;
  priority?: string | null;
  patientNotes?: string | null;
  pharmacyNotes?: string | null;
}

/**
 * Sends a prescription to a pharmacy: the transmission is kept as a Task before it leaves, so that one that is cut
 * short can be seen, and finished when the pharmacy's side has answered.
 * @throws ProblemError not-found, conflict when the prescription is not active, invalid for an unknown pharmacy, or
 * unavailable when the network did not take it over.
 */
export async function sendPrescription(
  services: PrescriptionServices,
  actor: Actor,
  id: string,
  input: SendRequest,
): Promise<Shown> {
  const { store, clock } = services;
  const prescription = await loadPrescription(store, actor.viewer, id);
  const pharmacy = await requirePharmacy(store, actor.viewer, input.pharmacyId, 'pharmacyId');
  const at = clock();
  requireActive(prescription, at);
  const task = transmissionOf(prescription, pharmacy, input, at);
  await store.commit(sound([created(task)]), actor.step());
  const handover = await handedOver(services, actor, prescription, { task, pharmacy, input });
  const done = await finished(services, actor, id, { task, pharmacy, handover });
  return {
    view: transmissionMapping.read({ task: done }, 'sent', { now: at, pharmacy }),
    resources: [`MedicationRequest/${id}`, `Task/${task.id}`],
    patients: patientsOf(prescription),
  };
}

function patientsOf({ mr }: LoadedPrescription): string[] {
  const id = mr.subject?.reference?.replace(/^Patient\//, '');
  return id === undefined ? [] : [id];
}

function transmissionOf(
  { mr }: LoadedPrescription,
  pharmacy: Pharmacy & { id: string },
  { method, priority, patientNotes, pharmacyNotes }: SendRequest,
  at: Date,
): Task & { id: string } {
  const { bound } = transmissionMapping.write({
    method: method ?? 'electronic',
    priority: priority ?? 'routine',
    patientNotes,
    pharmacyNotes,
  });
  return {
    ...(bound as { task: Task }).task,
    id: randomUUID(),
    status: 'requested',
    focus: to(mr),
    ...(mr.subject !== undefined && { for: mr.subject }),
    ...(mr.requester !== undefined && { requester: mr.requester }),
    owner: to<Organization>({ resourceType: 'Organization', id: pharmacy.id }, pharmacy.name),
    authoredOn: at.toISOString(),
    lastModified: at.toISOString(),
  };
}

async function handedOver(
  services: PrescriptionServices,
  actor: Actor,
  prescription: LoadedPrescription,
  { task, pharmacy, input }: { task: Task & { id: string }; pharmacy: Pharmacy; input: SendRequest },
): Promise<Handover> {
  try {
    return await handOver(services, prescription, {
      id: task.id,
      kind: 'prescription',
      pharmacy,
      method: input.method ?? 'electronic',
      priority: input.priority ?? 'routine',
      ...(typeof input.pharmacyNotes === 'string' && { notes: input.pharmacyNotes }),
    });
  } catch (cause) {
    await services.store.commit([changed({ ...task, status: 'failed' })], actor.step());
    throw new ProblemError('unavailable', 'The prescription could not be handed to the pharmacy', { cause });
  }
}

/** The Task says what came of it; the prescription, where it now lies. */
async function finished(
  { store, clock }: PrescriptionServices,
  actor: Actor,
  id: string,
  {
    task,
    pharmacy,
    handover,
  }: { task: Task & { id: string }; pharmacy: Pharmacy & { id: string }; handover: Handover },
): Promise<Task> {
  const isAcknowledged = handover.receipt.acknowledgedAt !== undefined;
  const done: Task = {
    ...withHandover(task, handover),
    status: isAcknowledged ? 'received' : 'requested',
    lastModified: clock().toISOString(),
  };
  await store.transaction(async (tx) => {
    await tx.lock(lockOf(id));
    const prescription = await loadPrescription(tx, actor.viewer, id);
    const { mr } = prescription;
    const performer = to<Organization>({ resourceType: 'Organization', id: pharmacy.id }, pharmacy.name);
    const placed = { ...mr, dispenseRequest: { ...mr.dispenseRequest, performer } };
    await tx.commit(sound([changed(done), changed(placed)]), actor.context(patientsOf(prescription)));
  });
  return done;
}

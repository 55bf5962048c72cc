import type { MedicationRequest, Organization, Reference, Task } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { ProblemError, referencedId } from '../fhir';
import type { Pharmacy } from '../pharmacy';
import { actorReference } from '../provenance';
import type { Actor, Shown } from './actor';
import { type Fills, readFills, refillsLeft, suppliedUntil } from './fills';
import { loadPrescription, type LoadedPrescription, lockOf, requireActive } from './load';
import { refillMapping } from './mapping';
import { pharmacyAt, tellPharmacy } from './notice';
import { requirePharmacy } from './parties';
import { to } from './references';
import { sendRefill } from './refill-handover';
import type { PrescriptionServices } from './services';
import { created, sound } from './sound';
import { taskCode } from './transmit';

/** Body of `POST /prescriptions/{id}/refill` with FHIR ids. Dermifi, "Process refill request". */
export interface RefillRequest {
  requestedBy?: string | null;
  pharmacyId?: string | null;
  quantity?: number | null;
  notes?: string | null;
  earlyRefillReason?: string | null;
}

/** Time in which prescribers usually decide: what an answer estimates. */
const APPROVAL_MS = 2 * 3_600_000;

interface RefillDraft {
  actor: Actor;
  input: RefillRequest;
  pharmacy: (Pharmacy & { id: string }) | undefined;
  at: Date;
}

/**
 * Asks for a refill. One that is not early is approved at once and goes to the pharmacy; an early one, or one of a
 * supply whose days nobody gave, waits for a prescriber.
 * @throws ProblemError not-found, or conflict when the prescription is not active, none is left or one waits already
 */
export async function requestRefill(
  services: PrescriptionServices,
  actor: Actor,
  id: string,
  input: RefillRequest,
): Promise<Shown> {
  const { store, clock } = services;
  const { viewer } = actor;
  const at = clock();
  const made = await store.transaction(async (tx) => {
    await tx.lock(lockOf(id));
    const prescription = await loadPrescription(tx, viewer, id);
    const named =
      typeof input.pharmacyId === 'string'
        ? await requirePharmacy(tx, viewer, input.pharmacyId, 'pharmacyId')
        : undefined;
    requireActive(prescription, at);
    const fills = (await readFills(tx, viewer, [id]))(id);
    requireRefillable(prescription, fills);
    const pharmacy = named ?? (await pharmacyAt(tx, viewer, prescription.mr.dispenseRequest?.performer));
    const task = refillTask(prescription, fills, { actor, input, pharmacy, at });
    await tx.commit(sound([created(task)]), actor.context(patientIn(prescription)));
    return { prescription, fills, pharmacy, task };
  });
  const { task, isTold } = await handedOn(services, actor, made, at);
  const refillsRemaining = refillsLeft(made.prescription.mr, made.fills) - 1;
  const context = { now: at, refillsRemaining, notified: { patient: false, pharmacy: isTold } };
  return {
    view: refillMapping.read({ task, mr: made.prescription.mr }, 'requested', context),
    resources: [`Task/${task.id}`, `MedicationRequest/${id}`],
    patients: patientIn(made.prescription),
  };
}

type Made = {
  prescription: LoadedPrescription;
  task: Task & { id: string };
  pharmacy: RefillDraft['pharmacy'];
};

/** An approved one is sent; of one that waits the pharmacy is told. */
async function handedOn(
  services: PrescriptionServices,
  actor: Actor,
  made: Made,
  at: Date,
): Promise<{ task: Task & { id: string }; isTold: boolean }> {
  const { task, pharmacy } = made;
  if (task.status === 'accepted') return sendRefill(services, actor, made);
  const text = 'A refill was requested and waits for the approval of the prescriber.';
  const isTold =
    pharmacy !== undefined && (await tellPharmacy(services, actor, pharmacy, { about: task, text, at }));
  return { task, isTold };
}

export function patientIn({ mr }: Pick<LoadedPrescription, 'mr'>): string[] {
  const id = referencedId(mr.subject, 'Patient');
  return id === undefined ? [] : [id];
}

function requireRefillable({ mr }: LoadedPrescription, fills: Fills): void {
  if (fills.pending !== undefined) {
    throw new ProblemError('conflict', 'A refill request of this prescription is pending_approval');
  }
  if (refillsLeft(mr, fills) === 0)
    throw new ProblemError('conflict', 'The prescription has no refills remaining');
}

/** Why a prescriber must decide; undefined when nobody must. */
function approvalReason(mr: MedicationRequest, fills: Fills, at: Date): string | undefined {
  const until = suppliedUntil(mr, fills);
  if (until === undefined) return 'days_supply_unknown';
  return at < until ? 'early_refill' : undefined;
}

function refillTask({ mr }: LoadedPrescription, fills: Fills, draft: RefillDraft): Task & { id: string } {
  const { input, pharmacy, at } = draft;
  const reason = approvalReason(mr, fills, at);
  const { bound } = refillMapping.write({
    requestedBy: input.requestedBy,
    notes: input.notes,
    earlyRefillReason: input.earlyRefillReason,
    approvalReason: reason,
    quantity: input.quantity ?? mr.dispenseRequest?.quantity?.value,
    refillNumber: fills.approved + 1,
    ...(reason !== undefined && {
      estimatedApprovalTime: new Date(at.getTime() + APPROVAL_MS).toISOString(),
    }),
  });
  const { task } = bound as { task: Task };
  const recipient = pharmacy && [organizationOf(pharmacy)];
  const restriction = { ...task.restriction, ...(recipient && { recipient }) };
  const unit = mr.dispenseRequest?.quantity?.unit;
  return {
    ...task,
    id: randomUUID(),
    status: reason === undefined ? 'accepted' : 'requested',
    input: withUnit(task.input, unit),
    focus: to(mr),
    ...(mr.subject !== undefined && { for: mr.subject }),
    requester: requesterOf(mr, draft),
    ...(mr.requester !== undefined && { owner: mr.requester as NonNullable<Task['owner']> }),
    authoredOn: at.toISOString(),
    lastModified: at.toISOString(),
    ...(reason === undefined && { executionPeriod: { start: at.toISOString() } }),
    ...(Object.keys(restriction).length > 0 && { restriction }),
  };
}

/** Who asks, as a reference where the word leads to one; else the user who wrote it down. */
function requesterOf(
  { subject }: MedicationRequest,
  { actor, input, pharmacy }: RefillDraft,
): NonNullable<Task['requester']> {
  const isPatient = referencedId(subject, 'Patient') !== undefined;
  if (input.requestedBy === 'patient' && isPatient) return subject as NonNullable<Task['requester']>;
  if (input.requestedBy === 'pharmacy' && pharmacy !== undefined) return organizationOf(pharmacy);
  return actorReference(actor);
}

function organizationOf({ id, name }: Pharmacy & { id: string }): Reference<Organization> {
  return to<Organization>({ resourceType: 'Organization', id }, name);
}

const QUANTITY = taskCode('quantity').coding[0]?.code;

/** Quantities are counted in the unit of the prescription. */
function withUnit(inputs: Task['input'], unit: string | undefined): NonNullable<Task['input']> {
  return (inputs ?? []).map((one) =>
    unit !== undefined && one.valueQuantity !== undefined && one.type?.coding?.[0]?.code === QUANTITY
      ? { ...one, valueQuantity: { ...one.valueQuantity, unit } }
      : one,
  );
}

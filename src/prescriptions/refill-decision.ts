import type { Communication, Organization, Practitioner, Task } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { providerName } from '../clinicians';
import { ProblemError } from '../fhir';
import { provenanceOf } from '../provenance';
import type { Change, StoreTransaction } from '../store';
import type { Actor, Shown } from './actor';
import { refillsLeft } from './fills';
import { loadRefill, type LoadedRefill, requireActive } from './load';
import { refillMapping } from './mapping';
import { messageToPatient, pharmacyAt, tellPharmacy } from './notice';
import { refuse, requirePharmacy, requireProvider } from './parties';
import { to } from './references';
import { sendRefill } from './refill-handover';
import { patientIn } from './refill-request';
import type { PrescriptionServices } from './services';
import { changed, created, sound } from './sound';
import { refillStatusOf } from './status';

/** Body of `PUT /refills/{id}/approve` with FHIR ids. Dermifi, "Approve refill request". */
export interface RefillApproval {
  approvedBy?: string | null;
  quantity?: number | null;
  notes?: string | null;
  sendToPharmacy?: boolean | null;
  pharmacyId?: string | null;
}

/** Body of `POST /refills/{id}/deny` with FHIR ids. Dermifi, "Deny refill request". */
export interface RefillDenial {
  deniedBy?: string | null;
  reason: string;
  explanation?: string | null;
  alternativeAction?: string | null;
}

/**
 * Approves a refill; of several decisions at once the first holds.
 * @throws ProblemError not-found, conflict saying the present state, or invalid for unknown ids
 */
export async function approveRefill(
  services: PrescriptionServices,
  actor: Actor,
  id: string,
  input: RefillApproval,
): Promise<Shown> {
  const { store, clock } = services;
  const at = clock();
  const made = await store.transaction(async (tx) => {
    const refill = await loadPending(tx, actor, id);
    requireActive(refill, at);
    if (refillsLeft(refill.mr, refill.fills) === 0) {
      throw new ProblemError('conflict', 'The prescription has no refills remaining');
    }
    const pharmacy = await receiver(tx, actor, refill, input);
    const owner = await deciderOf(tx, actor, refill, { id: input.approvedBy, field: 'approvedBy' });
    const approved = decided(refill, {
      status: 'accepted',
      owner,
      at,
      note: input.notes,
      values: { quantity: input.quantity },
    });
    const task = pharmacy === undefined ? approved : sentTo(approved, pharmacy);
    const told = await commitDecision(tx, actor, refill, { task, at, text: 'Your refill was approved.' });
    return { refill, task, pharmacy, told };
  });
  const { task } = await sendRefill(services, actor, {
    prescription: made.refill,
    task: made.task,
    pharmacy: made.pharmacy,
  });
  const context = { now: at, notified: { patient: made.told !== undefined, pharmacy: false } };
  return {
    view: refillMapping.read({ task, mr: made.refill.mr }, 'approved', context),
    resources: [`Task/${id}`, `MedicationRequest/${made.refill.id}`],
    patients: patientIn(made.refill),
  };
}

/** Denies a refill; patient and pharmacy are told. @throws as `approveRefill` */
export async function denyRefill(
  services: PrescriptionServices,
  actor: Actor,
  id: string,
  input: RefillDenial,
): Promise<Shown> {
  const { store, clock } = services;
  const at = clock();
  const { refill, task, pharmacy, told } = await store.transaction(async (tx) => {
    const pending = await loadPending(tx, actor, id);
    const owner = await deciderOf(tx, actor, pending, { id: input.deniedBy, field: 'deniedBy' });
    const { reason, alternativeAction, explanation } = input;
    const denied = decided(pending, {
      status: 'rejected',
      owner,
      at,
      note: explanation,
      values: { reason, alternativeAction },
    });
    const message = await commitDecision(tx, actor, pending, {
      task: denied,
      at,
      text: 'Your refill was not approved.',
    });
    const knows = await pharmacyAt(
      tx,
      actor.viewer,
      denied.restriction?.recipient?.[0] ?? pending.mr.dispenseRequest?.performer,
    );
    return { refill: pending, task: denied, pharmacy: knows, told: message };
  });
  const text = 'A refill was not approved.';
  const isTold =
    pharmacy !== undefined && (await tellPharmacy(services, actor, pharmacy, { about: task, text, at }));
  const context = { now: at, notified: { patient: told !== undefined, pharmacy: isTold } };
  const view = refillMapping.read({ task, mr: refill.mr }, 'denied', context);
  return {
    view: { ...view, explanation: input.explanation ?? null },
    resources: [`Task/${id}`, `MedicationRequest/${refill.id}`],
    patients: patientIn(refill),
  };
}

async function loadPending(tx: StoreTransaction, actor: Actor, id: string): Promise<LoadedRefill> {
  const refill = await loadRefill(tx, actor.viewer, id);
  const status = refillStatusOf(refill.task);
  if (status !== 'pending_approval') throw new ProblemError('conflict', `The refill request is ${status}`);
  return refill;
}

/** Where an approved refill goes, when it is to go: named in the body, else with the request, else with the prescription. */
async function receiver(tx: StoreTransaction, actor: Actor, refill: LoadedRefill, input: RefillApproval) {
  const { viewer } = actor;
  const named =
    typeof input.pharmacyId === 'string'
      ? await requirePharmacy(tx, viewer, input.pharmacyId, 'pharmacyId')
      : undefined;
  if (input.sendToPharmacy !== true) return undefined;
  const known = refill.task.restriction?.recipient?.[0] ?? refill.mr.dispenseRequest?.performer;
  const pharmacy = named ?? (await pharmacyAt(tx, viewer, known));
  if (pharmacy === undefined) throw refuse([{ field: 'pharmacyId', message: 'This field is required' }]);
  return pharmacy;
}

/** Who decides: as named, else the user, else the prescriber. */
async function deciderOf(
  tx: StoreTransaction,
  actor: Actor,
  { task }: LoadedRefill,
  { id, field }: { id: string | null | undefined; field: string },
): Promise<Task['owner']> {
  if (typeof id === 'string') {
    const practitioner = await requireProvider(tx, actor.viewer, id, field);
    return to<Practitioner>({ resourceType: 'Practitioner', id }, providerName(practitioner));
  }
  if (actor.practitioner === undefined) return task.owner;
  return to<Practitioner>({ resourceType: 'Practitioner', id: actor.practitioner }, actor.name);
}

interface Decision {
  status: 'accepted' | 'rejected';
  owner: Task['owner'];
  at: Date;
  note: string | null | undefined;
  /** Fields of the mapping. */
  values: Readonly<Record<string, unknown>>;
}

function decided(
  { task }: LoadedRefill,
  { status, owner, at, note, values }: Decision,
): Task & { id: string } {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  const { bound } = refillMapping.write(Object.fromEntries(given), { task });
  const noted =
    typeof note === 'string' ? [...(task.note ?? []), { text: note, time: at.toISOString() }] : task.note;
  return {
    ...(bound as { task: Task }).task,
    id: task.id,
    status,
    ...(owner !== undefined && { owner }),
    lastModified: at.toISOString(),
    executionPeriod: { start: at.toISOString() },
    ...(noted !== undefined && { note: noted }),
  };
}

function sentTo(
  task: Task & { id: string },
  { id, name }: { id: string; name: string },
): Task & { id: string } {
  const recipient = [to<Organization>({ resourceType: 'Organization', id }, name)];
  return { ...task, restriction: { ...task.restriction, recipient } };
}

/** The decision, who made it, and the patient's message become true together. */
async function commitDecision(
  tx: StoreTransaction,
  actor: Actor,
  refill: LoadedRefill,
  { task, at, text }: { task: Task & { id: string }; at: Date; text: string },
): Promise<Communication | undefined> {
  const message = await messageToPatient(tx, actor.viewer, { about: task, text, at });
  const provenance = {
    ...provenanceOf({ targets: [`Task/${task.id}`], activity: 'UPDATE', by: actor, at }),
    id: randomUUID(),
  };
  const changes: Change[] = [
    changed(task),
    created(provenance),
    ...(message === undefined ? [] : [created(message)]),
  ];
  await tx.commit(sound(changes), actor.context(patientIn(refill)));
  return message;
}

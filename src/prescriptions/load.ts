import type { Medication, MedicationRequest, Task } from '@medplum/fhirtypes';
import { NOT_ORDERED } from '../chart';
import { ProblemError, referencedId } from '../fhir';
import type { StoreAccess, Viewer } from '../store';
import { PHARMACY_TASK, readFills, type Fills } from './fills';
import { containedMedication, prescriptionMapping } from './mapping';
import type { DrugQuery } from '../formulary';
import { present } from './references';
import { prescriptionStatusOf } from './status';

/** A prescription with its Medication. */
export interface LoadedPrescription {
  id: string;
  mr: MedicationRequest;
  medication: Medication | undefined;
}

/** What an EHR only proposes or plans is no prescription. @throws ProblemError not-found */
export async function loadPrescription(
  access: StoreAccess,
  viewer: Viewer,
  id: string,
): Promise<LoadedPrescription> {
  const mr = await present<MedicationRequest>(access, viewer, 'MedicationRequest', id);
  if (mr === undefined || NOT_ORDERED.includes(mr.intent))
    throw new ProblemError('not-found', 'Prescription not found');
  return { id, mr, medication: await medicationOf(access, viewer, mr) };
}

async function medicationOf(
  access: StoreAccess,
  viewer: Viewer,
  mr: MedicationRequest,
): Promise<Medication | undefined> {
  const contained = containedMedication(mr);
  const id = referencedId(mr.medicationReference, 'Medication');
  return contained ?? (id === undefined ? undefined : present<Medication>(access, viewer, 'Medication', id));
}

/** @throws ProblemError conflict saying the present state */
export function requireActive({ mr }: Pick<LoadedPrescription, 'mr'>, now: Date): void {
  const status = prescriptionStatusOf(mr, now);
  if (status !== 'active') throw new ProblemError('conflict', `The prescription is ${status}`);
}

/** A refill request with its prescription and what has been given of it. */
export interface LoadedRefill extends LoadedPrescription {
  task: Task & { id: string };
  fills: Fills;
}

/** Loads a refill request and locks its prescription. @throws ProblemError not-found */
export async function loadRefill(
  tx: StoreAccess & { lock(key: string): Promise<void> },
  viewer: Viewer,
  id: string,
): Promise<LoadedRefill> {
  const prescriptionId = referencedId((await refillTask(tx, viewer, id)).focus, 'MedicationRequest') ?? '';
  await tx.lock(lockOf(prescriptionId));
  // Again behind the lock: another decision may have been made meanwhile.
  const task = await refillTask(tx, viewer, id);
  const prescription = await loadPrescription(tx, viewer, prescriptionId);
  return {
    ...prescription,
    task: { ...task, id },
    fills: (await readFills(tx, viewer, [prescriptionId]))(prescriptionId),
  };
}

async function refillTask(access: StoreAccess, viewer: Viewer, id: string): Promise<Task> {
  const task = await present<Task>(access, viewer, 'Task', id);
  const isRefill = task?.code?.coding?.some(
    ({ system, code }) => system === PHARMACY_TASK && code === 'refill',
  );
  if (task === undefined || isRefill !== true)
    throw new ProblemError('not-found', 'Refill request not found');
  return task;
}

/** Key that changes of a prescription and of its refills lock: they are applied one after the other. */
export function lockOf(prescriptionId: string): string {
  return `prescription ${prescriptionId}`;
}

/** How the formulary finds the drug of a prescription. */
export function drugQuery({ mr, medication }: Pick<LoadedPrescription, 'mr' | 'medication'>): DrugQuery {
  const shown = prescriptionMapping.read({ mr, medication }, 'drug')['medication'] as Record<
    string,
    string | null
  > | null;
  const { name = null, strength = null, form = null, ndcCode: ndc = null } = shown ?? {};
  return { name: name ?? '', strength, form, ndc };
}

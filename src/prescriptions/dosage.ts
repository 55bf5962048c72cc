import { referencedId } from '../fhir';
import { toSecond } from '../mapping';
import type { Dosage, MedicationRequest } from '@medplum/fhirtypes';
import type { Actor, Shown } from './actor';
import { inDays, isControlled, prescribedBy } from './draft';
import { loadPrescription, lockOf, type LoadedPrescription, requireActive } from './load';
import { dosageMapping } from './mapping';
import { pharmacyAt, tellPharmacy } from './notice';
import { refuse } from './parties';
import type { PrescriptionServices } from './services';
import { changed, created, sound } from './sound';

/** Body of `PUT /prescriptions/{id}/dosage`. Dermifi, "Update prescription dosage". */
export interface DosageChange {
  newSig?: string | null;
  newQuantity?: number | null;
  newDaysSupply?: number | null;
  reason?: string | null;
  effectiveDate?: string | null;
}

/**
 * Changes how much is taken: a new version of the MedicationRequest, with a Provenance that says who and why.
 * @throws ProblemError not-found, conflict when it is not active, invalid when nothing is changed
 */
export async function changeDosage(
  services: PrescriptionServices,
  actor: Actor,
  id: string,
  change: DosageChange,
): Promise<Shown> {
  const { store, clock } = services;
  const at = clock();
  const { before, after, pharmacy, medication } = await store.transaction(async (tx) => {
    await tx.lock(lockOf(id));
    const loaded = await loadPrescription(tx, actor.viewer, id);
    requireActive(loaded, at);
    const next = changedBy(loaded, change);
    const why = typeof change.reason === 'string' ? { reason: change.reason } : {};
    const provenance = prescribedBy(next, actor, { at, activity: 'UPDATE', ...why });
    const patient = referencedId(next.subject, 'Patient');
    await tx.commit(
      sound([changed(next), created(provenance)]),
      actor.context(patient === undefined ? [] : [patient]),
    );
    const sentTo = await pharmacyAt(tx, actor.viewer, next.dispenseRequest?.performer);
    return { before: loaded.mr, after: next, pharmacy: sentTo, medication: loaded.medication };
  });
  const text = 'The dosage of a prescription was changed.';
  const pharmacyNotified =
    pharmacy !== undefined && (await tellPharmacy(services, actor, pharmacy, { about: after, text, at }));
  return {
    view: {
      ...dosageMapping.read({ before, mr: after }, 'changed'),
      updatedAt: toSecond(at),
      updatedBy: actor.practitioner === undefined ? actor.id : `prov_${actor.practitioner}`,
      reason: change.reason ?? null,
      ...dosageMapping.read({ mr: after }, 'effective'),
      pharmacyNotified,
      requiresNewRx: isControlled(medication),
    },
    resources: [`MedicationRequest/${id}`],
    patients: [],
  };
}

function changedBy({ mr }: LoadedPrescription, change: DosageChange): MedicationRequest {
  const { newSig, newQuantity, newDaysSupply, effectiveDate } = change;
  if ([newSig, newQuantity, newDaysSupply].every((value) => value === undefined || value === null)) {
    throw refuse([{ field: 'newSig', message: 'Send newSig, newQuantity or newDaysSupply' }]);
  }
  const { bound } = dosageMapping.write(
    { ...given({ newSig, newQuantity, newDaysSupply, effectiveDate }) },
    { mr },
  );
  const next = (bound as { mr: MedicationRequest }).mr;
  const days = next.dispenseRequest?.expectedSupplyDuration?.value;
  const [dosage, ...others] = next.dosageInstruction ?? [];
  return {
    ...next,
    ...(dosage !== undefined && { dosageInstruction: [withoutStructure(dosage, newSig), ...others] }),
    ...(days !== undefined &&
      typeof newDaysSupply === 'number' && {
        dispenseRequest: { ...next.dispenseRequest, expectedSupplyDuration: inDays(days) },
      }),
  };
}

/** A new text makes an old structured dose wrong: an EHR would read the two as one instruction. */
function withoutStructure(dosage: Dosage, newSig: string | null | undefined): Dosage {
  if (newSig === undefined || newSig === null) return dosage;
  const { doseAndRate: _dose, ...rest } = dosage;
  const bounds = rest.timing?.repeat?.boundsPeriod;
  const { timing: _timing, ...plain } = rest;
  return bounds === undefined ? plain : { ...plain, timing: { repeat: { boundsPeriod: bounds } } };
}

function given(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && value !== null),
  );
}

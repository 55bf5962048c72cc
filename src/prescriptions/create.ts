import type { Medication, MedicationRequest } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import type { Store } from '../store';
import type { Actor, Shown } from './actor';
import { draftPrescription, prescribedBy } from './draft';
import { refillsLeft } from './fills';
import { prescriptionMapping } from './mapping';
import { refuse, requireParties } from './parties';
import type { PrescriptionServices } from './services';
import { created, sound } from './sound';

/** Body of `POST /prescriptions` with FHIR ids. Dermifi, "Create new prescription"; null is as good as absent. */
export interface NewPrescription {
  patientId: string;
  providerId: string;
  medication: {
    name: string;
    strength?: string | null;
    form?: string | null;
    ndcCode?: string | null;
  };
  sig: string;
  quantity: number;
  quantityUnit?: string | null;
  refills?: number | null;
  daysSupply?: number | null;
  substitutionAllowed?: boolean | null;
  indication?: string | null;
  icd10Code?: string | null;
  notes?: string | null;
  priorAuthorization?: { required?: boolean | null } | null;
}

/** A number of the year's sequence, such as RX-2024-000567: unique across processes, gaps happen. */
export async function nextRxNumber(store: Store, at: Date): Promise<string> {
  const year = at.getUTCFullYear();
  return `RX-${year}-${String(await store.nextNumber(`RX-${year}`)).padStart(6, '0')}`;
}

/** Writes a prescription and the Provenance of who wrote it, in one transaction. */
export async function createPrescription(
  { store, formulary, clock }: Pick<PrescriptionServices, 'store' | 'formulary' | 'clock'>,
  actor: Actor,
  input: NewPrescription,
): Promise<Shown> {
  const parties = await requireParties(store, actor.viewer, input);
  const { name, strength, form, ndcCode } = input.medication;
  const drug = await formulary.drug({
    name,
    strength: strength ?? null,
    form: form ?? null,
    ndc: ndcCode ?? null,
  });
  const at = clock();
  const { patientId: _patient, providerId: _provider, ...fields } = input;
  const { mr, medication } = written({
    ...fields,
    rxNumber: await nextRxNumber(store, at),
    medication: {
      ...input.medication,
      ndcCode: ndcCode ?? drug?.ndc,
      genericName: drug?.genericName,
      manufacturer: drug?.manufacturer,
    },
    refills: input.refills ?? 0,
    substitutionAllowed: input.substitutionAllowed ?? true,
  });
  const prescription = draftPrescription(mr, medication, { id: randomUUID(), ...parties, drug, at });
  const provenance = prescribedBy(prescription, actor, { at, activity: 'CREATE' });
  const changes = sound([created(prescription), created(provenance)]);
  await store.commit(changes, actor.context([parties.patient.id]));
  const context = { now: at, refillsRemaining: refillsLeft(prescription, { approved: 0 }) };
  return {
    view: prescriptionMapping.read(
      { mr: prescription, medication: prescription.contained?.[0], provenance },
      'created',
      context,
    ),
    resources: [`MedicationRequest/${prescription.id}`],
    patients: [parties.patient.id],
  };
}

/** @throws ProblemError invalid naming the fields that cannot be mapped */
function written(values: Readonly<Record<string, unknown>>): {
  mr: MedicationRequest;
  medication: Medication;
} {
  const { bound, issues } = prescriptionMapping.write(values);
  if (issues.length > 0)
    throw refuse(issues.map(({ field, expected }) => ({ field, message: `Must be ${expected}` })));
  return bound as unknown as { mr: MedicationRequest; medication: Medication };
}

import type {
  Medication,
  MedicationRequest,
  Patient,
  Practitioner,
  Provenance,
  Signature,
} from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { personName, providerName } from '../clinicians';
import { CANONICAL_BASE } from '../fhir';
import type { Drug } from '../formulary';
import { actorReference, provenanceOf } from '../provenance';
import type { Actor } from './actor';
import { to } from './references';

const DEA_SCHEDULE = `${CANONICAL_BASE}/StructureDefinition/dea-schedule`;

/** What a prescription is made of besides what its prescriber wrote. */
export interface PrescriptionFacts {
  id: string;
  patient: Patient & { id: string };
  practitioner: Practitioner & { id: string };
  drug: Drug | undefined;
  at: Date;
}

/**
 * A prescription worked out from mapped fields: whose it is, how long it is valid, what is controlled.
 * Prescriptions last a year, those of schedules III and IV six months (21 CFR 1306.22).
 */
export function draftPrescription(
  mr: MedicationRequest,
  medication: Medication,
  { id, patient, practitioner, drug, at }: PrescriptionFacts,
): MedicationRequest & { id: string } {
  const schedule = drug?.deaSchedule;
  const kept: Medication = {
    ...medication,
    ...(schedule !== undefined && {
      extension: [...(medication.extension ?? []), { url: DEA_SCHEDULE, valueCode: schedule }],
    }),
  };
  const { dispenseRequest = {} } = mr;
  const days = dispenseRequest.expectedSupplyDuration?.value;
  return {
    ...mr,
    id,
    contained: [kept],
    medicationReference: { reference: '#medication' },
    subject: to<Patient>(patient, personName(patient.name)),
    requester: to<Practitioner>(practitioner, providerName(practitioner)),
    authoredOn: at.toISOString(),
    dispenseRequest: {
      ...dispenseRequest,
      validityPeriod: { start: at.toISOString(), end: validUntil(at, schedule).toISOString() },
      ...(days !== undefined && { expectedSupplyDuration: inDays(days) }),
    },
  };
}

/** A duration in days, as FHIR wants it. https://hl7.org/fhir/R4/datatypes.html#Duration */
export function inDays(value: number): { value: number; unit: 'd'; system: string; code: 'd' } {
  return { value, unit: 'd', system: 'http://unitsofmeasure.org', code: 'd' };
}

function validUntil(at: Date, schedule: string | undefined): Date {
  const isHalfYear = schedule === 'CIII' || schedule === 'CIV';
  const end = new Date(at);
  end.setUTCMonth(end.getUTCMonth() + (isHalfYear ? 6 : 12));
  // The 31st of a shorter month, or the 29th of February, ends on that month's last day.
  if (end.getUTCDate() !== at.getUTCDate()) end.setUTCDate(0);
  return end;
}

export function isControlled(medication: Medication | undefined): boolean {
  return medication?.extension?.some(({ url }) => url === DEA_SCHEDULE) ?? false;
}

/** Type of a signature by which an author takes responsibility. https://hl7.org/fhir/R4/valueset-signature-type.html */
const AUTHORS_SIGNATURE = {
  system: 'urn:iso-astm:E1762-95:2013',
  code: '1.2.840.10065.1.12.1.1',
  display: "Author's Signature",
};

/**
 * Who wrote a prescription or changed it. Signed only when the user is the named provider: who acts for another one
 * is named as the agent all the same (decisions, "Rights").
 */
export function prescribedBy(
  mr: MedicationRequest & { id?: string },
  actor: Actor,
  { at, activity, reason }: { at: Date; activity: 'CREATE' | 'UPDATE'; reason?: string },
): Provenance & { id: string } {
  const isOwn =
    actor.practitioner !== undefined && mr.requester?.reference === `Practitioner/${actor.practitioner}`;
  const signature: Signature = {
    type: [AUTHORS_SIGNATURE],
    when: at.toISOString(),
    who: actorReference(actor),
  };
  return {
    ...provenanceOf({
      targets: [`MedicationRequest/${mr.id ?? ''}`],
      activity,
      by: actor,
      at,
      ...(reason !== undefined && { reason }),
    }),
    id: randomUUID(),
    ...(isOwn && { signature: [signature] }),
  };
}

import type { MedicationRequest, Task } from '@medplum/fhirtypes';
import { codeMapOf, profileTerminology } from '../mapping';

/** Dermifi, "List prescriptions": status filter. */
export const PRESCRIPTION_STATUSES = ['active', 'expired', 'cancelled'] as const;
export type PrescriptionStatus = (typeof PRESCRIPTION_STATUSES)[number];

/** Dermifi, "Refills". */
export type RefillStatus = 'pending_approval' | 'approved' | 'denied';

const prescriptionCodes = codeMapOf(profileTerminology.conceptMap('prescription-status'));
const refillCodes = codeMapOf(profileTerminology.conceptMap('refill-status'));

/** The status of a prescription at a moment: an active one expires when its validity ends. */
export function prescriptionStatusOf(prescription: MedicationRequest, now: Date): PrescriptionStatus {
  const status = prescriptionCodes.toVendor.get(prescription.status ?? '');
  return expiredAt(prescription, status as PrescriptionStatus | undefined, now);
}

/** An active prescription whose validity has ended is expired. */
export function expiredAt(
  prescription: MedicationRequest,
  status: PrescriptionStatus | undefined,
  now: Date,
): PrescriptionStatus {
  const end = Date.parse(prescription.dispenseRequest?.validityPeriod?.end ?? '');
  if (status !== undefined && status !== 'active') return status;
  return end < now.getTime() ? 'expired' : 'active';
}

/** FHIR's statuses that read as this one. */
export function fhirStatuses(status: PrescriptionStatus): string[] {
  return [...prescriptionCodes.toVendor].filter(([, vendor]) => vendor === status).map(([code]) => code);
}

export function refillStatusOf(task: Task): RefillStatus {
  return (refillCodes.toVendor.get(task.status ?? '') ?? 'pending_approval') as RefillStatus;
}

/** Prescriptions and refills: what the Dermifi document calls so, on MedicationRequest, Task and MedicationDispense. */
export type { Actor, Shown } from './actor';
export { type NewPrescription, nextRxNumber } from './create';
export type { DosageChange } from './dosage';
export { draftPrescription, prescribedBy } from './draft';
export { PHARMACY_TASK } from './fills';
export type { PrescriptionList, PrescriptionQuery } from './list';
export {
  containedMedication,
  dosageMapping,
  prescriptionListMapping,
  prescriptionMapping,
  refillMapping,
  transmissionMapping,
} from './mapping';
export { pharmacyAt, tellPharmacy } from './notice';
export { findProvider, notThere, refuse, requireParties, requirePharmacy } from './parties';
export { present, searchAll, to } from './references';
export type { RefillApproval, RefillDenial } from './refill-decision';
export { REFILL_PRIORITIES, type PendingRefills } from './refill-pending';
export type { RefillRequest } from './refill-request';
export type { SendRequest } from './send';
export { createPrescriptions, type Prescriptions } from './service';
export type { PrescriptionServices } from './services';
export type { PrescriptionDetail } from './show';
export { changed, created, sound } from './sound';
export { PRESCRIPTION_STATUSES, type PrescriptionStatus } from './status';

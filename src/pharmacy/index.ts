/** Pharmacies: the directory of those that prescriptions can be sent to, and the network that carries them there. */
export { PHARMACY_COLUMNS, readPharmacies, writePharmacies } from './import';
export { findPharmacy, NCPDP, oneLine, pharmacyOf, type Pharmacy } from './pharmacy';
export type { Message, Notice, PharmacyNetwork, Receipt } from './network';
export { createPharmacySimulator } from './simulator';

/** Pharmacies: the directory of those that prescriptions can be sent to, and the network that carries them there. */
export { readPharmacies } from './import';
export { findPharmacy, pharmacyOf, type Pharmacy } from './pharmacy';
export type { Message, Notice, PharmacyNetwork, Receipt } from './network';
export { createPharmacySimulator } from './simulator';

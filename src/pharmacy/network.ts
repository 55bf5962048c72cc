import type { MedicationRequest } from '@medplum/fhirtypes';
import type { Pharmacy } from './pharmacy';

/** A prescription, or an approved refill of it, on its way to a pharmacy. */
export interface Message {
  /** Id of the Task that the transmission is; the same again when it is tried again. */
  id: string;
  kind: 'prescription' | 'refill';
  pharmacy: Pharmacy;
  /** electronic, fax or phone. */
  method: string;
  priority: string;
  /** With its contained Medication. */
  prescription: MedicationRequest;
  /** Units to dispense, where it is not what the prescription says. */
  quantity?: number;
  notes?: string;
}

/** What the pharmacy's side answered. */
export interface Receipt {
  confirmationNumber: string;
  /** When the pharmacy acknowledged; undefined while it has not. */
  acknowledgedAt?: Date;
}

/** A word to a pharmacy about a prescription that it has: a refill waits, was denied, a dose has changed. */
export interface Notice {
  /** Id of the Communication. */
  id: string;
  pharmacy: Pharmacy;
  text: string;
}

/**
 * The way to pharmacies. The one that is seeded is a simulator; a real network (NCPDP SCRIPT NewRx, RxRenewal and
 * CancelRx behind an intermediary, or fax) implements this interface and is put in its place in `house.ts`.
 * Both may be called again with the same id, and must then not send twice.
 */
export interface PharmacyNetwork {
  /** @throws when it could not be handed over; the transmission is then failed and the caller told to try again. */
  transmit(message: Message): Promise<Receipt>;
  /** @returns whether the notice was taken over. */
  notify(notice: Notice): Promise<boolean>;
}

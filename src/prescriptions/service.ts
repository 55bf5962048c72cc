import type { Viewer } from '../store';
import type { Actor, Shown } from './actor';
import { createPrescription, type NewPrescription } from './create';
import { changeDosage, type DosageChange } from './dosage';
import { listPrescriptions, type PrescriptionList, type PrescriptionQuery } from './list';
import { approveRefill, denyRefill, type RefillApproval, type RefillDenial } from './refill-decision';
import { pendingRefills, type PendingRefills } from './refill-pending';
import { type RefillRequest, requestRefill } from './refill-request';
import { sendPrescription, type SendRequest } from './send';
import type { PrescriptionServices } from './services';
import { type PrescriptionDetail, showPrescription } from './show';

/** Prescriptions and their refills. Dermifi, "Prescriptions API" and "Refills API". Ids are FHIR ids. */
export interface Prescriptions {
  create(actor: Actor, input: NewPrescription): Promise<Shown>;
  send(actor: Actor, id: string, input: SendRequest): Promise<Shown>;
  /** One prescription, and where it was sent. @throws ProblemError not-found */
  show(viewer: Viewer, id: string): Promise<Shown<PrescriptionDetail>>;
  list(viewer: Viewer, query: PrescriptionQuery): Promise<PrescriptionList>;
  requestRefill(actor: Actor, id: string, input: RefillRequest): Promise<Shown>;
  changeDosage(actor: Actor, id: string, change: DosageChange): Promise<Shown>;
  pendingRefills(
    viewer: Viewer,
    filter: { providerId?: string | undefined; priority?: string | undefined },
  ): Promise<PendingRefills>;
  approveRefill(actor: Actor, id: string, input: RefillApproval): Promise<Shown>;
  denyRefill(actor: Actor, id: string, input: RefillDenial): Promise<Shown>;
}

/** Prescriptions and refills on the record. @param given.clock for tests; default the machine's */
export function createPrescriptions(
  given: Omit<PrescriptionServices, 'clock'> & { clock?: () => Date },
): Prescriptions {
  const services: PrescriptionServices = { clock: () => new Date(), ...given };
  const { store, clock } = services;
  return {
    create: (actor, input) => createPrescription(services, actor, input),
    send: (actor, id, input) => sendPrescription(services, actor, id, input),
    show: (viewer, id) => showPrescription(store, viewer, id, clock()),
    list: (viewer, query) => listPrescriptions(store, viewer, query, clock()),
    requestRefill: (actor, id, input) => requestRefill(services, actor, id, input),
    changeDosage: (actor, id, change) => changeDosage(services, actor, id, change),
    pendingRefills: (viewer, filter) => pendingRefills(store, viewer, filter, clock()),
    approveRefill: (actor, id, input) => approveRefill(services, actor, id, input),
    denyRefill: (actor, id, input) => denyRefill(services, actor, id, input),
  };
}

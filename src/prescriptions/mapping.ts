import type {
  Medication,
  MedicationRequest,
  Patient,
  Practitioner,
  Provenance,
  Task,
} from '@medplum/fhirtypes';
import { personName, providerName } from '../clinicians';
import { type CodecMaker, type Derive, loadMapping, type Mapping, REFUSED } from '../mapping';
import type { Pharmacy } from '../pharmacy';
import { expiredAt, type PrescriptionStatus } from './status';

/** What the tables of this room bind. */
export interface PrescriptionBound {
  mr?: MedicationRequest;
  before?: MedicationRequest;
  medication?: Medication;
  provenance?: Provenance;
  patient?: Patient;
  practitioner?: Practitioner;
  task?: Task;
}

/** What derived fields need besides the resources. */
export interface PrescriptionContext {
  now: Date;
  /** Refills left, as the answer counts them. */
  refillsRemaining?: number;
  lastFilled?: Date | undefined;
  /** True when the supply has run out. */
  hasRunOut?: boolean;
  pharmacy?: Pharmacy;
  notified?: { patient: boolean; pharmacy: boolean };
}

/** The calendar day (UTC) of a time, or a date as it is. */
const day: CodecMaker = () => ({
  expected: 'a date (YYYY-MM-DD)',
  toFhir: (value) => (typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) ? value : REFUSED),
  toVendor: (value) => (typeof value === 'string' ? dayOf(value) : undefined),
});

function dayOf(time: string): string | undefined {
  if (/^\d{4}-\d\d-\d\d$/.test(time)) return time;
  const at = Date.parse(time);
  return Number.isFinite(at) ? new Date(at).toISOString().slice(0, 10) : undefined;
}

const contextOf = (context: unknown): PrescriptionContext => context as PrescriptionContext;
const of = (bound: object): PrescriptionBound => bound;

/** "Doxycycline 100mg": the name, and the strength where the name does not say it. */
function titleOf(value: unknown, { mr, medication }: PrescriptionBound): string | undefined {
  const shown = prescriptionMapping.read({ mr, medication }, 'named')['medication'] as {
    name: string | null;
    strength: string | null;
  } | null;
  const { name, strength } = shown ?? { name: null, strength: null };
  if (name === null) return typeof value === 'string' ? value : undefined;
  return strength === null || name.includes(strength) ? name : `${name} ${strength}`;
}

const derive: Readonly<Record<string, Derive>> = {
  refillsRemaining: (_value, _bound, context) => contextOf(context).refillsRemaining,
  lastFilled: (_value, _bound, context) => contextOf(context).lastFilled?.toISOString().slice(0, 10),
  orExpired: (value, bound, context) => {
    const { mr } = of(bound);
    return mr === undefined
      ? value
      : expiredAt(mr, value as PrescriptionStatus | undefined, contextOf(context).now);
  },
  isSigned: (_value, bound) => (of(bound).provenance?.signature ?? []).length > 0,
  medicationTitle: (value, bound) => titleOf(value, of(bound)),
  patientName: (value, bound) => personName(of(bound).patient?.name) ?? value,
  providerName: (value, bound) => {
    const { practitioner } = of(bound);
    return practitioner === undefined ? value : providerName(practitioner);
  },
  pharmacy: (_value, _bound, context) => {
    const { pharmacy } = contextOf(context);
    if (pharmacy === undefined) return null;
    const { id, name, ncpdpId, address } = pharmacy;
    return { id: id === undefined ? null : `pharm_${id}`, name, ncpdpId, address };
  },
  transmitted: (_value, bound) => (of(bound).task?.status === 'failed' ? 'failed' : 'transmitted'),
  acknowledged: (_value, bound) => of(bound).task?.status === 'received',
  requiresApproval: (_value, bound) => refillMapping.read(bound, 'reasons')['approvalReason'] !== null,
  sentToPharmacy: (_value, bound) => refillMapping.read(bound, 'confirmed')['pharmacyConfirmation'] !== null,
  latestNote: (_value, bound) => of(bound).task?.note?.at(-1)?.text,
  patientNotified: (_value, _bound, context) => contextOf(context).notified?.patient ?? false,
  pharmacyNotified: (_value, _bound, context) => contextOf(context).notified?.pharmacy ?? false,
  orUrgent: (value, _bound, context) => {
    if (value === 'urgent' || value === 'asap') return 'urgent';
    if (value === 'stat') return value;
    return contextOf(context).hasRunOut === true ? 'urgent' : 'routine';
  },
};

const options = { derive, codecs: { day } };

/** `mappings/dermifi/prescription*.yaml` and `refill.yaml`, compiled. */
export const prescriptionMapping: Mapping = loadMapping('dermifi/prescription', options);
export const prescriptionListMapping: Mapping = loadMapping('dermifi/prescription-list', options);
export const dosageMapping: Mapping = loadMapping('dermifi/prescription-dosage', options);
export const transmissionMapping: Mapping = loadMapping('dermifi/prescription-transmission', options);
export const refillMapping: Mapping = loadMapping('dermifi/refill', options);

/** The Medication of a prescription when it is contained. */
export function containedMedication(mr: MedicationRequest): Medication | undefined {
  const id =
    mr.medicationReference?.reference?.startsWith('#') === true
      ? mr.medicationReference.reference.slice(1)
      : undefined;
  return mr.contained?.find((one): one is Medication => one.resourceType === 'Medication' && one.id === id);
}

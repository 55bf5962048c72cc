import type {
  AllergyIntolerance,
  CodeableConcept,
  Condition,
  Consent,
  Coverage,
  MedicationStatement,
  Money,
  Patient,
} from '@medplum/fhirtypes';
import { DateTime } from 'luxon';
import { conceptText, personName } from '../clinicians';
import { CANONICAL_BASE } from '../fhir';
import { type CodecMaker, type Derive, loadMapping, type Mapping, REFUSED, toSecond } from '../mapping';

/** The resources of one patient's record that the Dermifi API shows together. */
export interface PatientResources {
  patient: Patient;
  coverage?: Coverage;
  allergies?: AllergyIntolerance[];
  medications?: MedicationStatement[];
  conditions?: Condition[];
  treatment?: Consent;
  privacy?: Consent;
}

/** What derived fields need besides the resources. */
export interface PatientContext {
  at: Date;
  /** When the first version was written, for patients that do not say it. */
  firstWritten?: Date;
  lastVisit?: string;
  nextAppointment?: string;
  provider?: { id: string; name: string };
  /** User id. */
  updatedBy?: string;
}

export type PatientStatus = 'active' | 'inactive' | 'pending';

const EXTENSION = `${CANONICAL_BASE}/StructureDefinition/`;
export const PATIENT_STATUS = `${EXTENSION}patient-status`;
const CREATED_AT = `${EXTENSION}created-at`;
export const RECORD_UPDATED = `${EXTENSION}record-updated`;
const VERIFIED_AT = `${EXTENSION}insurance-verified-at`;
export const DEACTIVATION = `${EXTENSION}deactivation`;
export const RETENTION_UNTIL = `${EXTENSION}retention-until`;

type Bound = Partial<PatientResources>;

/**
 * Patient.active decides, so that an EHR that sets it is heard; our extension only tells a pending registration from
 * a closed one.
 */
export function patientStatus({ active, extension }: Patient): PatientStatus {
  const said = extension?.find(({ url }) => url === PATIENT_STATUS)?.valueCode as PatientStatus | undefined;
  if (active === true) return 'active';
  if (active === false) return said === 'pending' ? 'pending' : 'inactive';
  return said ?? 'active';
}

/** Whole years on a day (UTC). */
function ageOn(birthDate: string, at: Date): number | undefined {
  const years = DateTime.fromJSDate(at, { zone: 'utc' }).diff(
    DateTime.fromISO(birthDate, { zone: 'utc' }),
    'years',
  ).years;
  return Number.isFinite(years) && years >= 0 ? Math.floor(years) : undefined;
}

type Contact = NonNullable<Patient['contact']>[number];

/** https://terminology.hl7.org/CodeSystem/v2-0131 */
export const isEmergency = ({ coding }: CodeableConcept): boolean =>
  coding?.some(({ code }) => code === 'C') ?? false;

export const isEmergencyContact = ({ relationship }: Contact): boolean =>
  relationship?.some(isEmergency) ?? false;

function emergencyContact(bound: object): Contact | undefined {
  return (bound as Bound).patient?.contact?.find(isEmergencyContact);
}

const timeOf = (pick: (context: PatientContext) => string | undefined): Derive => {
  return (_value, _bound, context) => {
    const time = pick(context as PatientContext);
    return time === undefined ? undefined : toSecond(time);
  };
};

const derive: Readonly<Record<string, Derive>> = {
  age: (_value, bound, context) => {
    const { birthDate } = (bound as Bound).patient ?? {};
    return birthDate === undefined ? undefined : ageOn(birthDate, (context as PatientContext).at);
  },
  joinedLines: (value) => ((value as string[] | undefined) ?? []).join(', ') || undefined,
  orContactName: (value, bound) => {
    const name = emergencyContact(bound)?.name;
    return value ?? (name === undefined ? undefined : personName([name]));
  },
  orContactRelationship: (value, bound) =>
    value ?? conceptText(emergencyContact(bound)?.relationship?.find((one) => !isEmergency(one))),
  isVerified: (_value, bound) => {
    const { coverage } = bound as Bound;
    return coverage === undefined
      ? undefined
      : (coverage.extension?.some(({ url }) => url === VERIFIED_AT) ?? false);
  },
  medicationNames: (_value, bound) =>
    (bound as Bound).medications?.map(medicationText).filter((text) => text !== undefined),
  lastVisit: timeOf(({ lastVisit }) => lastVisit),
  nextAppointment: timeOf(({ nextAppointment }) => nextAppointment),
  provider: (_value, _bound, context) => (context as PatientContext).provider,
  standing: (_value, bound) => {
    const { patient } = bound as Bound;
    return patient === undefined ? undefined : patientStatus(patient);
  },
  orFirstWritten: (value, bound, context) => {
    const first = (context as PatientContext).firstWritten?.toISOString();
    const time = first ?? (bound as Bound).patient?.meta?.lastUpdated;
    return value ?? (time === undefined ? undefined : toSecond(time));
  },
  // A record that nobody has changed since was updated when it was made, whatever the commit took.
  orCreated: (value, bound) => {
    const { patient } = bound as Bound;
    const made = patient?.extension?.find(({ url }) => url === CREATED_AT)?.valueInstant;
    return patient?.meta?.versionId === '1' && made !== undefined ? toSecond(made) : value;
  },
  updatedBy: (_value, _bound, context) => (context as PatientContext).updatedBy,
};

/** What a MedicationStatement says is taken. */
export function medicationText(statement: MedicationStatement): string | undefined {
  return conceptText(statement.medicationCodeableConcept) ?? statement.medicationReference?.display;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Codecs that the tables of the chart share. */
export const chartCodecs: Readonly<Record<string, CodecMaker>> = {
  'concept-text': () => ({
    expected: 'a text',
    toFhir: (value) => (isText(value) ? { text: value } : REFUSED),
    toVendor: (value) => conceptText(value as CodeableConcept),
  }),
  lines: () => ({
    expected: 'a text',
    toFhir: (value) => (isText(value) ? [value] : REFUSED),
    toVendor: (value) => (isText(value) ? value : undefined),
  }),
  dollars: () => ({
    expected: 'an amount',
    toFhir: (value) => (typeof value === 'number' ? { value, currency: 'USD' } : REFUSED),
    toVendor: (value) => (value as Money).value,
  }),
};

/** `mappings/dermifi/patient.yaml`, compiled. */
export const patientMapping: Mapping = loadMapping('dermifi/patient', { derive, codecs: chartCodecs });

/** The emergency contact as the API shows it. */
export function shownContact(bound: Pick<PatientResources, 'patient'>): Readonly<Record<string, unknown>> {
  const { emergencyContact: shown } = patientMapping.read(bound, 'created', { at: new Date(0) });
  return (shown ?? {}) as Record<string, unknown>;
}

import type { ChargeItemDefinition, Duration, Extension, MedicationKnowledge } from '@medplum/fhirtypes';
import { CANONICAL_BASE } from '../fhir';

/** System of National Drug Codes. */
export const NDC = 'http://hl7.org/fhir/sid/ndc';

const EXTENSION = `${CANONICAL_BASE}/StructureDefinition/`;
export const USUAL_DAYS_SUPPLY = `${EXTENSION}usual-days-supply`;
export const USUAL_REFILLS = `${EXTENSION}usual-refills`;
export const READY_TIME = `${EXTENSION}ready-time`;
export const REFILL_READY_TIME = `${EXTENSION}refill-ready-time`;

/** What the formulary knows of a drug; what is not known is undefined. */
export interface Drug {
  genericName: string | undefined;
  ndc: string | undefined;
  manufacturer: string | undefined;
  daysSupply: number | undefined;
  refills: number | undefined;
  /** CII to CV. */
  deaSchedule: string | undefined;
  /** Minutes until a pharmacy has it ready. */
  readyMinutes: number | undefined;
  refillReadyMinutes: number | undefined;
}

/** A drug with the names and the package that it is found by. */
export interface DrugEntry extends Drug {
  names: string[];
  size: string | undefined;
}

/** What is charged for one unit of something, in US dollars. */
export interface Fee {
  price: number;
  tax: number;
  readyMinutes: number | undefined;
}

export function drugEntryOf(knowledge: MedicationKnowledge): DrugEntry {
  const extension = (url: string): Extension | undefined =>
    knowledge.extension?.find((one) => one.url === url);
  const schedule = knowledge.regulatory?.flatMap((one) => one.schedule ?? [])[0]?.schedule;
  return {
    names: [
      ...(knowledge.code?.text === undefined ? [] : [knowledge.code.text]),
      ...(knowledge.synonym ?? []),
    ],
    size: knowledge.packaging?.type?.text,
    genericName: knowledge.ingredient?.[0]?.itemCodeableConcept?.text,
    ndc: knowledge.code?.coding?.find(({ system }) => system === NDC)?.code,
    manufacturer: knowledge.manufacturer?.display,
    daysSupply: extension(USUAL_DAYS_SUPPLY)?.valueUnsignedInt,
    refills: extension(USUAL_REFILLS)?.valueUnsignedInt,
    deaSchedule: schedule?.coding?.[0]?.code ?? schedule?.text,
    readyMinutes: minutesOf(extension(READY_TIME)?.valueDuration),
    refillReadyMinutes: minutesOf(extension(REFILL_READY_TIME)?.valueDuration),
  };
}

const MINUTES: Readonly<Record<string, number>> = { min: 1, h: 60, d: 1440 };

function minutesOf(duration: Duration | undefined): number | undefined {
  if (duration?.value === undefined) return undefined;
  const unit = MINUTES[duration.code ?? duration.unit ?? ''];
  return unit === undefined ? undefined : duration.value * unit;
}

/** Base price and taxes of a fee; undefined when it says no price in dollars. */
export function feeOf(definition: ChargeItemDefinition): Fee | undefined {
  const components = (definition.propertyGroup ?? []).flatMap((group) => group.priceComponent ?? []);
  const amount = (type: string): number | undefined => {
    const found = components.filter((one) => one.type === type && (one.amount?.currency ?? 'USD') === 'USD');
    return found.length === 0 ? undefined : found.reduce((sum, one) => sum + (one.amount?.value ?? 0), 0);
  };
  const price = amount('base');
  if (price === undefined) return undefined;
  const ready = definition.extension?.find(({ url }) => url === READY_TIME)?.valueDuration;
  return { price, tax: amount('tax') ?? 0, readyMinutes: minutesOf(ready) };
}

import type { MedicationKnowledge, Organization } from '@medplum/fhirtypes';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { searchFor } from './fhir';

/** A package of a drug that the operator's formulary knows. */
export interface Drug {
  ndc: string;
  /** With its strength and form: "Doxycycline 100mg Capsule". */
  name: string;
  genericName: string | undefined;
  form: string | undefined;
  /** Of the package, such as "45g". */
  size: string | undefined;
  manufacturer: string | undefined;
  daysSupply: number | undefined;
  refills: number | undefined;
  /** CII to CV. */
  schedule: string | undefined;
}

export interface Pharmacy {
  /** As the API names it: `pharm_456`. */
  id: string;
  name: string;
  /** Street and city. */
  address: string;
}

const NDC = 'http://hl7.org/fhir/sid/ndc';
const NCPDP = 'http://terminology.hl7.org/CodeSystem/NCPDPProviderIdentificationNumber';
const EXTENSION = 'https://crosswalk.example/fhir/StructureDefinition/';
const MOST = 25;
const FORMULARY_MS = 10 * 60_000;

/** Drugs one of whose names begins so, brand names too. */
export const drugsQuery = (name: string) =>
  queryOptions({
    queryKey: ['formulary', 'drugs', name],
    queryFn: async ({ signal }) =>
      (
        await searchFor<MedicationKnowledge>(
          'MedicationKnowledge',
          { name, status: 'active', _sort: 'name', _count: MOST },
          signal,
        )
      ).flatMap((found) => drugOf(found) ?? []),
    enabled: /[\p{L}\p{N}]/u.test(name),
    staleTime: FORMULARY_MS,
    placeholderData: keepPreviousData,
  });

function drugOf(found: MedicationKnowledge): Drug | undefined {
  const { code, extension = [], regulatory = [] } = found;
  const ndc = code?.coding?.find(({ system }) => system === NDC)?.code;
  if (ndc === undefined || code?.text === undefined) return undefined;
  const usual = (name: string): number | undefined =>
    extension.find(({ url }) => url === EXTENSION + name)?.valueUnsignedInt;
  const schedule = regulatory[0]?.schedule?.[0]?.schedule;
  return {
    ndc,
    name: code.text,
    genericName: found.ingredient?.[0]?.itemCodeableConcept?.text,
    form: found.doseForm?.text,
    size: found.packaging?.type?.text,
    manufacturer: found.manufacturer?.display,
    daysSupply: usual('usual-days-supply'),
    refills: usual('usual-refills'),
    schedule: schedule?.coding?.[0]?.code ?? schedule?.text,
  };
}

/** Pharmacies in business that prescriptions can be sent to; the first of all without a name. */
export const pharmaciesQuery = (name: string) =>
  queryOptions({
    queryKey: ['pharmacies', name],
    queryFn: async ({ signal }) =>
      (
        await searchFor<Organization>(
          'Organization',
          { identifier: `${NCPDP}|`, 'active:not': 'false', name, _sort: 'name', _count: MOST },
          signal,
        )
      ).map(pharmacyOf),
    staleTime: FORMULARY_MS,
    placeholderData: keepPreviousData,
  });

function pharmacyOf({ id = '', name = '', address = [] }: Organization): Pharmacy {
  const [{ line = [], city } = {}] = address;
  return { id: `pharm_${id}`, name, address: [...line, city ?? ''].filter((part) => part !== '').join(', ') };
}

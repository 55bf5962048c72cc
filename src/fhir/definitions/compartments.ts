/** The five compartments of R4. https://hl7.org/fhir/R4/compartmentdefinition.html */
import { readCompiled } from './files';

export type CompartmentType = 'Patient' | 'Encounter' | 'RelatedPerson' | 'Practitioner' | 'Device';

type Compartments = Record<string, Record<string, string[]>>;

let table: Compartments | undefined;

export function compartmentTypes(): CompartmentType[] {
  return ['Patient', 'Encounter', 'RelatedPerson', 'Practitioner', 'Device'];
}

/**
 * For each resource type in a compartment, the codes of the search parameters that put it there; the
 * code `{def}` marks the compartment's own type, which is in it by its id.
 */
export function compartment(type: CompartmentType): Readonly<Record<string, readonly string[]>> {
  table ??= readCompiled('compartments.json') as Compartments;
  return table[type] ?? {};
}

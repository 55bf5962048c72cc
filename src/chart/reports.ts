import type { DiagnosticReport, Observation } from '@medplum/fhirtypes';
import { conceptText } from '../clinicians';

/** Whether a report belongs to one of these sections. https://terminology.hl7.org/CodeSystem/v2-0074 */
export function hasCategory({ category }: DiagnosticReport, ...codes: string[]): boolean {
  return category?.some(({ coding }) => coding?.some(({ code }) => codes.includes(code ?? ''))) ?? false;
}

/** What a report says: its conclusion, else the values it rests on. */
export function reportResult(
  { conclusion, conclusionCode, result = [] }: DiagnosticReport,
  observations: ReadonlyMap<string, Observation> = new Map(),
): string | undefined {
  const said =
    conclusion ?? (conclusionCode?.flatMap((one) => conceptText(one) ?? []).join(', ') || undefined);
  if (said !== undefined) return said;
  const values = result.flatMap(({ reference = '', display }) => {
    const observation = observations.get(reference);
    return (observation === undefined ? display : observationText(observation)) ?? [];
  });
  return values.length === 0 ? undefined : values.join('; ');
}

function observationText(observation: Observation): string | undefined {
  const {
    valueQuantity: quantity,
    valueString,
    valueCodeableConcept,
    valueBoolean,
    valueInteger,
  } = observation;
  const measured =
    quantity?.value === undefined
      ? undefined
      : [quantity.value, quantity.unit ?? quantity.code ?? ''].join(' ').trim();
  const counted = valueInteger ?? valueBoolean;
  const value =
    measured ??
    valueString ??
    conceptText(valueCodeableConcept) ??
    (counted === undefined ? undefined : String(counted));
  if (value === undefined) return undefined;
  const name = conceptText(observation.code);
  return name === undefined ? value : `${name}: ${value}`;
}

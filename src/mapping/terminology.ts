import type { CodeSystem, CodeSystemConcept, ConceptMap } from '@medplum/fhirtypes';
import { CANONICAL_BASE, ownDefinitions } from '../fhir';

/** The code systems and concept maps that tables refer to by name. */
export interface Terminology {
  /** @throws when there is none of the name: a fault of the table, met at start. */
  codeSystem(name: string): CodeSystem;
  conceptMap(name: string): ConceptMap;
}

/** The files of `fhir-profiles/`, which the FHIR face serves under their canonical URLs. */
export const profileTerminology: Terminology = {
  codeSystem: (name) => find('CodeSystem', name),
  conceptMap: (name) => find('ConceptMap', name),
};

function find<T extends 'CodeSystem' | 'ConceptMap'>(
  type: T,
  name: string,
): Extract<CodeSystem | ConceptMap, { resourceType: T }> {
  const url = `${CANONICAL_BASE}/${type}/${name}`;
  const found = ownDefinitions().find((one) => one.resourceType === type && 'url' in one && one.url === url);
  if (found === undefined) throw new Error(`fhir-profiles/ has no ${type} ${url}`);
  return found as Extract<CodeSystem | ConceptMap, { resourceType: T }>;
}

/** A code map used in both directions. */
export interface CodeMap {
  /** The code to write for a vendor code: its target that is equal or equivalent. */
  toFhir: ReadonlyMap<string, string>;
  /** The vendor code to show for a FHIR code: narrower and wider targets included. */
  toVendor: ReadonlyMap<string, string>;
}

/** A ConceptMap from vendor codes to FHIR codes, read in both directions. */
export function codeMapOf(map: ConceptMap): CodeMap {
  const toFhir = new Map<string, string>();
  const toVendor = new Map<string, string>();
  for (const { code, target } of (map.group ?? []).flatMap((group) => group.element ?? [])) {
    for (const { code: fhir, equivalence } of target ?? []) {
      if (code === undefined || fhir === undefined) continue;
      if ((equivalence === 'equal' || equivalence === 'equivalent') && !toFhir.has(code))
        toFhir.set(code, fhir);
      if (!toVendor.has(fhir)) toVendor.set(fhir, code);
    }
  }
  return { toFhir, toVendor };
}

/** Concepts of a code system by code, case folded. */
export function conceptsOf(system: CodeSystem): ReadonlyMap<string, CodeSystemConcept> {
  return new Map((system.concept ?? []).map((concept) => [(concept.code ?? '').toLowerCase(), concept]));
}

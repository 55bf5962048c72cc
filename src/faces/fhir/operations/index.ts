import type { Operation } from '../interaction';

/** Every operation of this server; the CapabilityStatement declares exactly these. https://hl7.org/fhir/R4/operations.html */
export const OPERATIONS: readonly Operation[] = [];

/** What drugs, tests and products there are and what they cost: MedicationKnowledge and ChargeItemDefinition. */
export { createFormulary, type Drug, type DrugQuery, type Fee, type Formulary } from './formulary';
export { FORMULARY_COLUMNS, readFormulary, writeFormulary } from './import';
export { type Line, readTableFile } from './table-file';
export { NDC } from './entry';

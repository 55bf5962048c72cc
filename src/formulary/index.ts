/** What drugs, tests and products there are and what they cost: MedicationKnowledge and ChargeItemDefinition. */
export { createFormulary, type Drug, type DrugQuery, type Fee, type Formulary } from './formulary';
export { readFormulary } from './import';

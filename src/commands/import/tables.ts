import { readProviders, writeProviders } from '../../directory';
import { ProblemError } from '../../fhir';
import { readFormulary } from '../../formulary';
import { readPharmacies } from '../../pharmacy';
import type { Store, WriteContext } from '../../store';
import { writeAll } from '../../tables';

type ImportTable = (store: Store, text: string, context: WriteContext) => Promise<Record<string, number>>;

const TABLES: Readonly<Record<string, ImportTable>> = {
  providers: (store, text, context) => writeProviders(store, readProviders(text), context),
  pharmacies: (store, text, context) => writeAll(store, readPharmacies(text), context),
  formulary: (store, text, context) => writeAll(store, readFormulary(text), context),
};

/** What can be imported as CSV. */
export const CSV_KINDS = Object.keys(TABLES);

/**
 * Imports a CSV file, whole or not at all.
 * @returns how many resources of each type were written
 * @throws ProblemError invalid for another kind, or naming the lines that cannot be used
 */
export async function importTable(
  store: Store,
  kind: string,
  text: string,
  context: WriteContext,
): Promise<Record<string, number>> {
  const table = Object.hasOwn(TABLES, kind) ? TABLES[kind] : undefined;
  if (table === undefined) throw new ProblemError('invalid', `--csv takes ${CSV_KINDS.join(', ')}.`);
  return table(store, text, context);
}

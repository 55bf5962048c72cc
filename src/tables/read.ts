import { parse } from 'csv-parse/sync';
import { ProblemError } from '../fhir';

/** One line of a table while it is read. */
export interface Line {
  /** Trimmed; empty when the column is missing. */
  text(column: string): string;
  /** A number of at least 0; undefined when empty. Says a fault when it is none. */
  number(column: string): number | undefined;
  fault(message: string): void;
}

/** Faults that an error lists. */
const FAULTS_TOLD = 10;

/**
 * Reads CSV with a header.
 * @throws ProblemError invalid naming every line and column that cannot be used.
 */
export function readTable<T>(
  text: string,
  columns: readonly string[],
  required: readonly string[],
  read: (line: Line) => T,
): T[] {
  const faults: string[] = [];
  const [header = [], ...rows] = linesOf(text);
  const names = header.map((name) => name.toLowerCase());
  for (const name of names) if (!columns.includes(name)) faults.push(`unknown column "${name.slice(0, 40)}"`);
  for (const name of required) if (!names.includes(name)) faults.push(`the column ${name} is missing`);
  const made =
    faults.length > 0
      ? []
      : rows.map((row, i) =>
          read(lineOf(names, row, required, (fault) => faults.push(`line ${i + 2}: ${fault}`))),
        );
  if (faults.length === 0) return made;
  const more = faults.length > FAULTS_TOLD ? `; and ${faults.length - FAULTS_TOLD} more` : '';
  throw new ProblemError(
    'invalid',
    `The file cannot be imported: ${faults.slice(0, FAULTS_TOLD).join('; ')}${more}`,
  );
}

function linesOf(text: string): string[][] {
  try {
    return parse(text, { bom: true, skip_empty_lines: true, trim: true }) as string[][];
  } catch (cause) {
    throw new ProblemError('invalid', `The file is not CSV: ${(cause as Error).message}`, { cause });
  }
}

function lineOf(
  names: readonly string[],
  row: readonly string[],
  required: readonly string[],
  fault: (message: string) => void,
): Line {
  const text = (column: string): string => row[names.indexOf(column)] ?? '';
  for (const column of required) if (text(column) === '') fault(`${column} is missing`);
  return {
    text,
    fault,
    number(column) {
      if (text(column) === '') return undefined;
      if (!/^\d{1,9}(\.\d{1,4})?$/.test(text(column))) fault(`${column} must be a number`);
      return Number(text(column));
    },
  };
}

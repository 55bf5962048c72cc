/** How a command shows its result: JSON for programs, a table for people. */
export interface PrintOptions {
  json?: boolean | undefined;
  /** Where it goes; standard output by default. */
  write?: (text: string) => void;
}

type Row = Readonly<Record<string, unknown>>;

/** Prints a record as lines of name and value, a list as a table; with `json` either as JSON. */
export function print(result: object | readonly object[], options: PrintOptions): void {
  const write = options.write ?? ((text: string) => void process.stdout.write(text));
  if (options.json === true) write(`${JSON.stringify(result, null, 2)}\n`);
  else if (Array.isArray(result)) write(tableOf(result as readonly Row[]));
  else write(linesOf(result as Row));
}

function linesOf(row: Row): string {
  const names = Object.keys(row);
  const width = Math.max(0, ...names.map((name) => name.length));
  return names.map((name) => `${name.padEnd(width)}  ${textOf(row[name])}\n`).join('');
}

function tableOf(rows: readonly Row[]): string {
  if (rows.length === 0) return 'None.\n';
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = [names, ...rows.map((row) => names.map((name) => textOf(row[name])))];
  const widths = names.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lineOf = (line: readonly string[]): string =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = cells;
  return (
    [lineOf(head), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(lineOf)].join('\n') + '\n'
  );
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * The columns of a CSV export. All but the last three are drawn from the event in `event`, by this one function for
 * writing and for checking: a cell that says something else than its event is an altered event.
 */

/** An AuditEvent as far as the columns look into it. */
export interface EventShape {
  id?: string;
  type?: { code?: string };
  subtype?: { code?: string }[];
  action?: string;
  recorded?: string;
  outcome?: string;
  outcomeDesc?: string;
  purposeOfEvent?: { coding?: { code?: string }[] }[];
  agent?: {
    type?: { coding?: { code?: string }[] };
    who?: { reference?: string; display?: string; identifier?: { value?: string } };
    altId?: string;
    name?: string;
    requestor?: boolean;
    network?: { address?: string };
  }[];
  entity?: {
    what?: { reference?: string; identifier?: { value?: string } };
    type?: { code?: string };
    query?: string;
    detail?: { type?: string; valueString?: string }[];
  }[];
}

type Column = readonly [name: string, value: (event: EventShape) => string | undefined];

const requestor = (event: EventShape) => event.agent?.find((agent) => agent.requestor === true);
const references = (event: EventShape) =>
  (event.entity ?? []).flatMap((entity) => entity.what?.reference ?? []);
const isPatient = (reference: string): boolean => /^Patient\/[^/]+$/.test(reference);

const DRAWN: readonly Column[] = [
  ['recorded', (event) => event.recorded],
  ['action', (event) => event.action],
  ['outcome', (event) => event.outcome],
  ['outcome_text', (event) => event.outcomeDesc],
  ['interaction', (event) => event.subtype?.map((subtype) => subtype.code).join(' ')],
  ['agent', (event) => requestor(event)?.name],
  ['agent_id', (event) => requestor(event)?.altId],
  ['practice', (event) => event.agent?.find((agent) => agent.type?.coding?.[0]?.code === 'PROV')?.name],
  ['address', (event) => event.agent?.find((agent) => agent.network !== undefined)?.network?.address],
  [
    'purpose',
    (event) => event.purposeOfEvent?.flatMap((purpose) => purpose.coding?.[0]?.code ?? []).join(' '),
  ],
  ['patients', (event) => references(event).filter(isPatient).join(' ')],
  [
    'resources',
    (event) =>
      references(event)
        .filter((reference) => !isPatient(reference))
        .join(' '),
  ],
  ['query', (event) => queries(event).join(' ')],
  ['details', (event) => details(event).join('; ')],
  [
    'request',
    (event) => event.entity?.find((entity) => entity.type?.code === 'XrequestId')?.what?.identifier?.value,
  ],
  ['id', (event) => event.id],
];

/** The columns in order. */
export const COLUMNS: readonly string[] = [
  'sequence',
  ...DRAWN.map(([name]) => name),
  'event',
  'path',
  'next',
  'manifest',
];

function queries(event: EventShape): string[] {
  return (event.entity ?? []).flatMap(({ query }) =>
    query === undefined ? [] : Buffer.from(query, 'base64').toString(),
  );
}

function details(event: EventShape): string[] {
  return (event.entity ?? [])
    .flatMap(({ detail }) => detail ?? [])
    .map(({ type, valueString }) => `${type}: ${valueString}`);
}

/** The cells drawn from an event, in the order of the columns. */
export function drawnCells(event: EventShape): string[] {
  return DRAWN.map(([, value]) => guarded(oneLine(value(event) ?? '')));
}

function oneLine(cell: string): string {
  return cell.includes('\n') || cell.includes('\r') ? cell.replace(/[\r\n]+/g, ' ') : cell;
}

/** Spreadsheets run cells that begin like formulas: these get an apostrophe. OWASP, CSV Injection */
function guarded(cell: string): string {
  return /^[=+\-@\t]/.test(cell) ? `'${cell}` : cell;
}

/** One row, every cell in quotation marks. RFC 4180 */
export function csvRow(cells: readonly string[]): string {
  return `"${cells.map((cell) => (cell.includes('"') ? cell.replaceAll('"', '""') : cell)).join('","')}"`;
}

/** The cells of a row in which every cell has quotation marks; undefined when the row is anything else. */
export function parseCsvRow(row: string): string[] | undefined {
  const cells: string[] = [];
  for (let from = 0; ;) {
    if (row.charAt(from) !== '"') return undefined;
    let to = row.indexOf('"', from + 1);
    let doubled = false;
    while (to >= 0 && row.charAt(to + 1) === '"') {
      doubled = true;
      to = row.indexOf('"', to + 2);
    }
    if (to < 0) return undefined;
    const cell = row.slice(from + 1, to);
    cells.push(doubled ? cell.replaceAll('""', '"') : cell);
    if (to + 1 === row.length) return cells;
    if (row.charAt(to + 1) !== ',') return undefined;
    from = to + 2;
  }
}

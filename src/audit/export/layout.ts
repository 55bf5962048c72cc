/** How the three formats are laid out. `audit verify` reads them line by line: keep to it. docs/compliance.md, "Export" */
import { COLUMNS, csvRow, drawnCells, proofText, type EventShape, type Format, type Proof } from '../verify';
import { framedOf, idOf } from './peek';
import type { Sealed } from './select';

export interface Layout {
  contentType: string;
  extension: string;
  head(about: { id: string; at: string }): string;
  /** Before the first event, when there is one. */
  open: string;
  event(sealed: Sealed, proof: Proof): string;
  /** Between two events. */
  between: string;
  /** After the last. @param about.manifest compact JWS */
  foot(about: { manifest: string; at: string; origin: string; events: number }): string;
  /** Whether the last event carries the manifest. */
  inLastEvent: boolean;
}

const NDJSON: Layout = {
  contentType: 'application/fhir+ndjson',
  extension: 'ndjson',
  head: () => '',
  open: '',
  // No event of ours has an extension of its own at the top, so the proof's goes in front of the first key.
  event: ({ text }, proof) => `{"extension":[${proofText(proof)}],${text.slice(1)}`,
  between: '\n',
  foot: ({ events }) => (events === 0 ? '' : '\n'),
  inLastEvent: true,
};

const CSV: Layout = {
  contentType: 'text/csv; charset=utf-8',
  extension: 'csv',
  head: () => `${csvRow(COLUMNS)}\r\n`,
  open: '',
  event: ({ sequence, text }, { path, next = '', manifest = '' }) =>
    csvRow([String(sequence), ...drawnCells(framedOf(text).event as EventShape), text, path, next, manifest]),
  between: '\r\n',
  foot: ({ events }) => (events === 0 ? '' : '\r\n'),
  inLastEvent: true,
};

/** ASTM E1762: verification of what was recorded. https://hl7.org/fhir/R4/valueset-signature-type.html */
const SIGNATURE_TYPE = {
  system: 'urn:iso-astm:E1762-95:2013',
  code: '1.2.840.10065.1.12.1.5',
  display: 'Verification Signature',
};

const BUNDLE: Layout = {
  contentType: 'application/fhir+json; charset=utf-8',
  extension: 'json',
  head: ({ id, at }) =>
    JSON.stringify({ resourceType: 'Bundle', id, type: 'collection', timestamp: at }).slice(0, -1),
  open: ',"entry":[\n',
  event: ({ text }, proof) =>
    `{"extension":[${proofText(proof)}],"fullUrl":"urn:uuid:${idOf(text)}","resource":${text}}`,
  between: ',\n',
  foot: ({ manifest, at, origin, events }) => {
    const signature = {
      type: [SIGNATURE_TYPE],
      when: at,
      who: { display: origin },
      targetFormat: 'application/fhir+json',
      sigFormat: 'application/jose',
      data: Buffer.from(manifest).toString('base64'),
    };
    return `${events === 0 ? '' : '\n]'},"signature":${JSON.stringify(signature)}}\n`;
  },
  inLastEvent: false,
};

export const LAYOUTS: Record<Format, Layout> = { bundle: BUNDLE, ndjson: NDJSON, csv: CSV };

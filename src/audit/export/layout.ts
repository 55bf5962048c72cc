/** How the three formats are laid out. `audit verify` reads them line by line: keep to it. docs/compliance.md, "Export" */
import {
  bundleSignature,
  COLUMNS,
  csvRow,
  drawnCells,
  proofText,
  type EventShape,
  type Format,
  type Proof,
} from '../verify';
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

const BUNDLE: Layout = {
  contentType: 'application/fhir+json; charset=utf-8',
  extension: 'json',
  head: ({ id, at }) =>
    JSON.stringify({ resourceType: 'Bundle', id, type: 'collection', timestamp: at }).slice(0, -1),
  open: ',"entry":[\n',
  event: ({ text }, proof) =>
    `{"extension":[${proofText(proof)}],"fullUrl":"urn:uuid:${idOf(text)}","resource":${text}}`,
  between: ',\n',
  foot: ({ events, ...about }) =>
    `${events === 0 ? '' : '\n]'},"signature":${JSON.stringify(bundleSignature(about))}}\n`,
  inLastEvent: false,
};

export const LAYOUTS: Record<Format, Layout> = { bundle: BUNDLE, ndjson: NDJSON, csv: CSV };

/** A report as JSON, CSV or PDF. */
import { csvRow } from '../verify';
import type { Report } from './report';

export type ReportFormat = 'pdf' | 'csv' | 'json';

export const REPORT_TYPES: Record<ReportFormat, string> = {
  pdf: 'application/pdf',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

/** Rows that a PDF shows; the other formats hold them all. */
const PDF_ROWS = 1_000;

/** A report as a file: JSON and CSV whole, PDF with its first rows and how many more there are. */
export async function renderReport(report: Report, format: ReportFormat): Promise<Buffer> {
  if (format === 'json') return Buffer.from(`${JSON.stringify(jsonOf(report), null, 2)}\n`);
  if (format === 'csv')
    return Buffer.from(
      [report.columns, ...report.rows].map((row) => `${csvRow(row.map(guarded))}\r\n`).join(''),
    );
  return pdfOf(report);
}

/** Spreadsheets run cells that begin like formulas. OWASP, CSV Injection */
function guarded(cell: string): string {
  return /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
}

function jsonOf({ rows, details = [], columns, counts, ...about }: Report): object {
  return {
    ...about,
    count: rows.length,
    counts: counts.map(({ heading, values }) => ({ heading, values: Object.fromEntries(values) })),
    rows: rows.map((row, number) => ({
      ...Object.fromEntries(columns.map((column, i) => [column.replaceAll(' ', '_'), row[i] ?? ''])),
      ...details[number],
    })),
  };
}

async function pdfOf(report: Report): Promise<Buffer> {
  const pdf = await newPdf({ size: 'LETTER', margin: 42, info: { Title: report.title } });
  const done = collected(pdf);
  pdf.font('Helvetica-Bold').fontSize(16).text(report.title);
  pdf.font('Helvetica').fontSize(9).moveDown(0.3).text(report.about);
  pdf.moveDown(0.3).text(`${report.origin}, generated ${report.generated}. ${filterText(report.filter)}`);
  pdf.text(
    `Drawn from a log of ${report.log.size} events with root ${report.log.root}. ${report.rows.length} rows.`,
  );
  for (const { heading, values } of report.counts) {
    pdf.moveDown(0.6).font('Helvetica-Bold').fontSize(10).text(heading);
    pdf
      .font('Helvetica')
      .fontSize(9)
      .text(
        values
          .slice(0, 20)
          .map(([name, count]) => `${count}  ${printable(name)}`)
          .join('\n') || 'None.',
      );
  }
  for (const row of report.rows.slice(0, PDF_ROWS)) {
    pdf
      .moveDown(0.6)
      .font('Helvetica-Bold')
      .fontSize(9)
      .text(printable(row.slice(0, 2).join('   ')));
    pdf.font('Helvetica').fontSize(8);
    report.columns.forEach((column, i) => {
      const cell = row[i] ?? '';
      if (i > 1 && cell !== '') pdf.text(printable(`${column}: ${cell}`), { indent: 10 });
    });
  }
  if (report.rows.length > PDF_ROWS)
    pdf.moveDown().text(`The first ${PDF_ROWS} rows; CSV and JSON hold all.`);
  pdf.end();
  return done;
}

export function filterText(filter: Record<string, string>): string {
  const parts = Object.entries(filter).map(([name, value]) => `${name} ${value}`);
  return parts.length === 0 ? 'No filter: everything.' : `Filter: ${parts.join(', ')}.`;
}

/** The standard fonts of PDF have Latin letters only. */
export function printable(text: string): string {
  return text.replace(/[^\u0020-\u007e\u00a0-\u00ff]/g, '?');
}

/** A new document. The library with its fonts is loaded by the first: neither a start nor most commands need it. */
export async function newPdf(options: PDFKit.PDFDocumentOptions): Promise<PDFKit.PDFDocument> {
  const { default: PDFDocument } = await import('pdfkit');
  return new PDFDocument(options);
}

/** Everything that the document writes, as one Buffer. */
export function collected(pdf: PDFKit.PDFDocument): Promise<Buffer> {
  const pieces: Buffer[] = [];
  return new Promise((resolve, reject) => {
    pdf.on('data', (piece: Buffer) => pieces.push(piece));
    pdf.on('end', () => resolve(Buffer.concat(pieces)));
    pdf.on('error', reject);
  });
}

/** The one page that goes with an export: what is in it, and how to check it. */
import type { ExportResult } from '../export/export';
import { collected, filterText, newPdf, printable } from './render';

const OUTCOMES: Record<string, string> = {
  '0': 'success',
  '4': 'refused or bad request',
  '8': 'serious failure',
  '12': 'major failure',
};
const ACTIONS: Record<string, string> = { C: 'create', R: 'read', U: 'update', D: 'delete', E: 'execute' };

/** Width of a page of 612 points within its margins. */
const WIDTH = 504;
const RULE = '#9aa5b1';

/** @param file the name that the verification instructions use. */
export async function summaryPdf({ manifest, tally }: ExportResult, file: string): Promise<Buffer> {
  const { checkpoint } = manifest;
  const pdf = await newPdf({ size: 'LETTER', margin: 54, info: { Title: 'Audit export summary' } });
  const done = collected(pdf);
  pdf.font('Helvetica-Bold').fontSize(20).text('Audit export');
  pdf.font('Helvetica').fontSize(10).moveDown(0.4);
  pdf.text(printable(`${manifest.origin}, generated ${manifest.generated}`));
  pdf.text(printable(filterText(manifest.filter)));
  pdf.moveDown(0.6).font('Helvetica-Bold').fontSize(14);
  pdf
    .text(`${tally.events} event${tally.events === 1 ? '' : 's'}`)
    .font('Helvetica')
    .fontSize(10);
  if (tally.events > 0) pdf.text(`from ${tally.earliest ?? ''} to ${tally.latest ?? ''}`);
  countColumns(pdf, [
    ['Outcomes', tally.outcomes, (outcome) => OUTCOMES[outcome] ?? outcome],
    ['Actions', tally.actions, (action) => ACTIONS[action] ?? action],
    ['Interactions', tally.interactions, (interaction) => interaction],
  ]);
  heading(pdf, 'The log that it was taken from');
  pdf.text(`${checkpoint.size} events at ${checkpoint.at}. Merkle root (RFC 9162, SHA-256):`);
  code(pdf, checkpoint.root);
  if (manifest.retainedFrom !== undefined) {
    pdf.text(
      `Events before number ${manifest.retainedFrom} have been removed by the retention policy; their hashes remain.`,
    );
  }
  pdf.text('Signed (Ed25519) with the key:');
  code(pdf, checkpoint.kid);
  heading(pdf, 'How to verify');
  pdf.text(
    'With Node.js 20.19 or later and the folder dist/audit/verify of Crosswalk, without network or server:',
  );
  code(pdf, `node dist/audit/verify/main.js ${file} --key keys.json`);
  pdf.text(
    printable(
      `keys.json is ${manifest.origin}/audit/keys, fetched on a way that you trust. Exit code 0 and a line that begins with OK: nothing was altered, removed, added or reordered since it was signed. Exit code 1: the first event that is wrong, and how.`,
    ),
  );
  pdf.end();
  return done;
}

function heading(pdf: PDFKit.PDFDocument, text: string): void {
  pdf.moveDown(1.2).font('Helvetica-Bold').fontSize(12).text(text);
  pdf
    .moveTo(pdf.x, pdf.y)
    .lineTo(pdf.x + WIDTH, pdf.y)
    .lineWidth(0.5)
    .stroke(RULE);
  pdf.moveDown(0.4).font('Helvetica').fontSize(10);
}

function code(pdf: PDFKit.PDFDocument, text: string): void {
  pdf.font('Courier').fontSize(9).text(printable(text), { paragraphGap: 4 }).font('Helvetica').fontSize(10);
}

type Counted = [heading: string, counts: Record<string, number>, name: (key: string) => string];

/** Side by side, so that it stays one page. */
function countColumns(pdf: PDFKit.PDFDocument, columns: readonly Counted[]): void {
  pdf.moveDown(1.2);
  const [left, top] = [pdf.x, pdf.y];
  const width = WIDTH / columns.length;
  const bottoms = columns.map(([title, counts, name], i) => {
    const x = left + i * width;
    pdf.font('Helvetica-Bold').fontSize(12).text(title, x, top, { width });
    pdf
      .moveTo(x, pdf.y)
      .lineTo(x + width - 18, pdf.y)
      .lineWidth(0.5)
      .stroke(RULE);
    pdf.moveDown(0.4).font('Helvetica').fontSize(10);
    pdf.text(countLines(counts, name), x, pdf.y, { width: width - 18 });
    return pdf.y;
  });
  pdf.x = left;
  pdf.y = Math.max(...bottoms);
}

function countLines(counts: Record<string, number>, name: (key: string) => string): string {
  const entries = Object.entries(counts).sort(([, a], [, b]) => b - a);
  if (entries.length === 0) return 'None.';
  return entries
    .slice(0, 12)
    .map(([key, count]) => `${count}  ${printable(name(key))}`)
    .join('\n');
}

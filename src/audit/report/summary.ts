/** The one page that goes with an export: what is in it, and how to check it. */
import PDFDocument from 'pdfkit';
import type { ExportResult } from '../export/export';
import { collected, filterText, printable } from './render';

const OUTCOMES: Record<string, string> = {
  '0': 'success',
  '4': 'refused or bad request',
  '8': 'serious failure',
  '12': 'major failure',
};
const ACTIONS: Record<string, string> = { C: 'create', R: 'read', U: 'update', D: 'delete', E: 'execute' };

/** @param file the name that the verification instructions use. */
export async function summaryPdf({ manifest, tally }: ExportResult, file: string): Promise<Buffer> {
  const { checkpoint } = manifest;
  const pdf = new PDFDocument({ size: 'LETTER', margin: 54, info: { Title: 'Audit export summary' } });
  const done = collected(pdf);
  const heading = (text: string): void =>
    void pdf.moveDown(0.8).font('Helvetica-Bold').fontSize(11).text(text).font('Helvetica').fontSize(9);
  pdf.font('Helvetica-Bold').fontSize(18).text('Audit export');
  pdf.font('Helvetica').fontSize(9).moveDown(0.3);
  pdf.text(printable(`${manifest.origin}, generated ${manifest.generated}. ${filterText(manifest.filter)}`));
  pdf.text(
    `${tally.events} events${tally.events === 0 ? '' : `, from ${tally.earliest ?? ''} to ${tally.latest ?? ''}`}.`,
  );
  heading('Outcomes');
  pdf.text(countLines(tally.outcomes, (outcome) => OUTCOMES[outcome] ?? outcome));
  heading('Actions');
  pdf.text(countLines(tally.actions, (action) => ACTIONS[action] ?? action));
  heading('Interactions');
  pdf.text(countLines(tally.interactions, (interaction) => interaction));
  heading('The log that it was taken from');
  pdf.text(`${checkpoint.size} events at ${checkpoint.at}. Merkle root (RFC 9162, SHA-256):`);
  pdf.font('Courier').fontSize(8).text(checkpoint.root).font('Helvetica').fontSize(9);
  if (manifest.retainedFrom !== undefined) {
    pdf.text(
      `Events before number ${manifest.retainedFrom} have been removed by the retention policy; their hashes remain.`,
    );
  }
  pdf
    .text('Signed (Ed25519) with the key:')
    .font('Courier')
    .fontSize(8)
    .text(checkpoint.kid)
    .font('Helvetica')
    .fontSize(9);
  heading('How to verify');
  pdf.text(
    'With Node.js 20.19 or later and the folder dist/audit/verify of Crosswalk, without network or server:',
  );
  pdf
    .font('Courier')
    .fontSize(8)
    .text(`node dist/audit/verify/main.js ${file} --key keys.json`)
    .font('Helvetica')
    .fontSize(9);
  pdf.text(
    printable(
      `keys.json is ${manifest.origin}/audit/keys, fetched on a way that you trust. Exit code 0 and a line that begins with OK: nothing was altered, removed, added or reordered since it was signed. Exit code 1: the first event that is wrong, and how.`,
    ),
  );
  pdf.end();
  return done;
}

function countLines(counts: Record<string, number>, name: (key: string) => string): string {
  const entries = Object.entries(counts).sort(([, a], [, b]) => b - a);
  if (entries.length === 0) return 'None.';
  return entries
    .slice(0, 12)
    .map(([key, count]) => `${count}  ${printable(name(key))}`)
    .join('\n');
}

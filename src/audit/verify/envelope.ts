/**
 * What stands in an export around its events: of a Bundle its own elements, of a CSV file the names of its columns. None of it
 * is hashed, so it is held against what the manifest signs; else a forged second list of events, which many JSON parsers
 * would take instead of the first, could stand beside it.
 */
import { readFile } from 'node:fs/promises';
import { canonicalJson } from './canonical';
import { COLUMNS, csvRow } from './columns';
import { ownLayout, parseObject, type Format } from './entries';
import { lastLine, linesOf } from './lines';
import type { Manifest } from './manifest';

/** ASTM E1762: verification of what was recorded. https://hl7.org/fhir/R4/valueset-signature-type.html */
const SIGNATURE_TYPE = {
  system: 'urn:iso-astm:E1762-95:2013',
  code: '1.2.840.10065.1.12.1.5',
  display: 'Verification Signature',
};

/** `Bundle.signature` of an export. @param about.manifest compact JWS */
export function bundleSignature({
  manifest,
  at,
  origin,
}: {
  manifest: string;
  at: string;
  origin: string;
}): object {
  return {
    type: [SIGNATURE_TYPE],
    when: at,
    who: { display: origin },
    targetFormat: 'application/fhir+json',
    sigFormat: 'application/jose',
    data: Buffer.from(manifest).toString('base64'),
  };
}

/**
 * What is wrong around the events; undefined when all is as the server writes it.
 * @param jws the manifest as it stands in the file, already found to hold.
 */
export async function envelopeProblem(
  path: string,
  format: Format,
  { manifest, jws }: { manifest: Manifest; jws: string },
): Promise<string | undefined> {
  if (format === 'ndjson') return undefined;
  if (format === 'csv') {
    const header = (await firstLine(path)).replace(/^\uFEFF/, '');
    return header === csvRow(COLUMNS) ? undefined : 'the names of the columns were changed';
  }
  const bundle = await bundleAround(path);
  if (bundle === undefined) return 'what stands in the Bundle around its events was changed';
  const wrong = wrongElement(bundle, manifest, jws);
  return wrong === undefined ? undefined : `the element ${wrong} of the Bundle was changed or added`;
}

async function firstLine(path: string): Promise<string> {
  for await (const [line] of linesOf(path)) return line?.toString() ?? '';
  return '';
}

/**
 * The Bundle without its events. As the server lays it out that is the first and the last line, in which, unlike in a Bundle
 * that another program wrote anew, even an element that is there twice is seen.
 */
async function bundleAround(path: string): Promise<Record<string, unknown> | undefined> {
  if (!(await ownLayout(path))) return parseObject(await readFile(path, 'utf8'));
  const text = `${await firstLine(path)}${(await lastLine(path)) ?? ''}`;
  const bundle = parseObject(text);
  return bundle !== undefined && JSON.stringify(bundle) === text ? bundle : undefined;
}

/** Another server that keeps the Bundle gives it an id and a `meta` of its own: they may differ. */
function wrongElement(
  bundle: Record<string, unknown>,
  { generated, origin }: Manifest,
  jws: string,
): string | undefined {
  const signed: Record<string, unknown> = {
    resourceType: 'Bundle',
    type: 'collection',
    timestamp: generated,
    signature: bundleSignature({ manifest: jws, at: generated, origin }),
  };
  const free = ['id', 'meta', 'entry'];
  return [...Object.keys(signed), ...Object.keys(bundle)].find(
    (key) => !free.includes(key) && canonicalJson(bundle[key]) !== canonicalJson(signed[key]),
  );
}

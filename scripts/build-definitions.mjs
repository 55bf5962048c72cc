/**
 * Compiles the R4 definitions and the packages of fhir-profiles/packages into compact files that load
 * quickly: `npm run build` runs it, and the loader runs it when the files are missing.
 *
 *   node scripts/build-definitions.mjs                 writes dist/definitions/v<FORMAT>/ anew
 *   node scripts/build-definitions.mjs --if-missing    leaves it when another process was quicker
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileTypes } from './definitions/types.mjs';
import { readPackages, readR4 } from './definitions/sources.mjs';

/** Same number as in src/fhir/definitions/files.ts; raise both when the shape of the files changes. */
const FORMAT = 3;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'dist', 'definitions', `v${FORMAT}`);

const CANONICAL_TYPES = new Set([
  'StructureDefinition',
  'CodeSystem',
  'ValueSet',
  'ConceptMap',
  'OperationDefinition',
  'SearchParameter',
  'CompartmentDefinition',
]);

/** What search needs of a SearchParameter. */
const PARAMETER_FIELDS = [
  'resourceType',
  'id',
  'url',
  'version',
  'name',
  'status',
  'description',
  'code',
  'base',
  'type',
  'expression',
  'target',
  'component',
  'multipleOr',
  'multipleAnd',
];

function searchParameters(sources) {
  return sources.flatMap(({ resources }) =>
    resources
      .filter(({ resourceType }) => resourceType === 'SearchParameter')
      .map((parameter) => Object.fromEntries(PARAMETER_FIELDS.map((field) => [field, parameter[field]]))),
  );
}

function compartments(resources) {
  return Object.fromEntries(
    resources
      .filter(({ resourceType }) => resourceType === 'CompartmentDefinition')
      .map(({ code, resource }) => [
        code,
        Object.fromEntries(
          resource.filter(({ param }) => param?.length > 0).map(({ code: type, param }) => [type, param]),
        ),
      ]),
  );
}

/** One canonical resource a line; the index tells where, so that one is read without the others. */
function canonicals(sources) {
  const lines = [];
  const index = [];
  let offset = 0;
  const seen = new Set();
  for (const { name, resources } of sources) {
    for (const resource of resources) {
      const key = `${resource.url}|${resource.resourceType}`;
      if (!CANONICAL_TYPES.has(resource.resourceType) || !resource.url || seen.has(key)) continue;
      seen.add(key);
      const line = Buffer.from(`${JSON.stringify({ ...resource, text: undefined, mapping: undefined })}\n`);
      const entry = [resource.url, resource.resourceType, resource.version ?? '', name, offset, line.length];
      if (resource.resourceType === 'StructureDefinition')
        entry.push(resource.type, resource.derivation ?? '');
      if (resource.resourceType === 'ValueSet' || resource.resourceType === 'CodeSystem')
        entry.push(resource.valueSet ?? '');
      index.push(entry);
      lines.push(line);
      offset += line.length;
    }
  }
  return { lines: Buffer.concat(lines), index };
}

function write() {
  const r4 = readR4();
  const sources = [{ name: 'r4', resources: r4 }, ...readPackages(join(root, 'fhir-profiles', 'packages'))];
  const folder = `${target}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  const { lines, index } = canonicals(sources);
  writeFileSync(join(folder, 'types.json'), JSON.stringify(compileTypes(r4)));
  writeFileSync(join(folder, 'search-parameters.json'), JSON.stringify(searchParameters(sources)));
  writeFileSync(join(folder, 'compartments.json'), JSON.stringify(compartments(r4)));
  writeFileSync(join(folder, 'canonicals.ndjson'), lines);
  writeFileSync(join(folder, 'canonicals.json'), JSON.stringify(index));
  // Several processes may find it missing at once (test workers): the first one's stays, whole, for all.
  if (!process.argv.includes('--if-missing')) rmSync(target, { recursive: true, force: true });
  try {
    renameSync(folder, target);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    rmSync(folder, { recursive: true, force: true });
  }
}

write();

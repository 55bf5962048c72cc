import { createReadStream, existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { list } from 'tar';
import { ProblemError } from '../fhir';

/** One document to import, with its bytes on disk for the progress bar. */
export interface Source {
  name: string;
  bytes: number;
  read(): Promise<string>;
}

const READABLE = /\.(json|ndjson)(\.gz)?$/;
const ARCHIVE = /\.(tar\.gz|tgz|tar)$/;

/**
 * The documents behind files, folders and archives. Synthea's hospital and practitioner bundles come first, because the
 * patients' bundles refer to them; otherwise by name.
 */
export async function sourcesOf(paths: readonly string[]): Promise<Source[]> {
  const found: Source[] = [];
  for (const path of paths) found.push(...(await sourcesAt(path)));
  return found.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/** The sources in groups of equal rank: a group may refer to those before it. */
export function groupsOf(sources: readonly Source[]): Source[][] {
  return [0, 1, 2].map((wanted) => sources.filter((source) => rank(source) === wanted));
}

function rank({ name }: Source): number {
  if (/^hospital/i.test(basename(name))) return 0;
  return /^practitioner/i.test(basename(name)) ? 1 : 2;
}

async function sourcesAt(path: string): Promise<Source[]> {
  if (!existsSync(path)) throw new ProblemError('not-found', `There is no file ${path}.`);
  if (statSync(path).isDirectory()) {
    const names = (await readdir(path)).filter((name) => READABLE.test(name) || ARCHIVE.test(name));
    return (await Promise.all(names.map((name) => sourcesAt(join(path, name))))).flat();
  }
  if (ARCHIVE.test(path)) return archived(path);
  if (!READABLE.test(path)) throw new ProblemError('malformed', `${path} is none of .json, .ndjson, .gz, .tar.gz.`);
  return [{ name: path, bytes: statSync(path).size, read: () => readText(path) }];
}

function readText(path: string): Promise<string> {
  const file = createReadStream(path);
  if (!path.endsWith('.gz')) return text(file);
  const plain = createGunzip();
  file.on('error', (error) => plain.destroy(error));
  return text(file.pipe(plain));
}

/** Entries of an archive, read one at a time: the whole of it is never in memory. */
async function archived(path: string): Promise<Source[]> {
  const sources: Source[] = [];
  await list({
    file: path,
    onReadEntry: (entry) => {
      if (entry.type === 'File' && READABLE.test(entry.path)) sources.push({ name: entry.path, bytes: entry.size, read: () => readEntry(path, entry.path) });
    },
  });
  return sources;
}

async function readEntry(archive: string, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  await list({
    file: archive,
    filter: (path) => path === name,
    onReadEntry: (entry) => entry.on('data', (chunk: Buffer) => chunks.push(chunk)),
  });
  return Buffer.concat(chunks).toString('utf8');
}

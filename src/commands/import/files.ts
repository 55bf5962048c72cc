import { isUtf8 } from 'node:buffer';
import { createReadStream, existsSync, rmSync, statSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { extract, type ReadEntry } from 'tar';
import { ProblemError } from '../../fhir';

/** One document to import, with its bytes on disk for the progress bar. */
export interface Source {
  name: string;
  bytes: number;
  read(): Promise<string>;
}

const READABLE = /\.(json|ndjson)(\.gz)?$/;
const ARCHIVE = /\.(tar\.gz|tgz|tar)$/;

/**
 * Lends the documents behind files, folders and archives; archives are unpacked for that time. Synthea's hospital and
 * practitioner bundles come first, because the patients' bundles refer to them; otherwise by name.
 */
export async function withSources<T>(
  paths: readonly string[],
  use: (sources: Source[]) => Promise<T>,
): Promise<T> {
  const unpacked = await mkdtemp(join(tmpdir(), 'crosswalk-import-'));
  const stay = leaveWithout(unpacked);
  try {
    const found: Source[] = [];
    for (const path of paths) {
      const here = await sourcesAt(path, unpacked);
      if (here.length === 0) throw new ProblemError('malformed', `${path} holds no .json or .ndjson file.`);
      found.push(...here);
    }
    return await use(found.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name)));
  } finally {
    await rm(unpacked, { recursive: true, force: true });
    stay();
  }
}

/** Whoever interrupts an import leaves no patient behind in a temporary folder. @returns what ends that watch */
function leaveWithout(folder: string): () => void {
  const leave = (signal: 'SIGINT' | 'SIGTERM'): void => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    process.exit(128 + constants.signals[signal]);
  };
  process.on('SIGINT', leave).on('SIGTERM', leave);
  return () => process.off('SIGINT', leave).off('SIGTERM', leave);
}

/** The sources in groups of equal rank: a group may refer to those before it. */
export function groupsOf(sources: readonly Source[]): Source[][] {
  return [0, 1, 2].map((wanted) => sources.filter((source) => rank(source) === wanted));
}

function rank({ name }: Source): number {
  if (/^hospital/i.test(basename(name))) return 0;
  return /^practitioner/i.test(basename(name)) ? 1 : 2;
}

async function sourcesAt(path: string, unpacked: string): Promise<Source[]> {
  if (!existsSync(path)) throw new ProblemError('not-found', `There is no file ${path}.`);
  if (statSync(path).isDirectory()) {
    const entries = (await readdir(path, { withFileTypes: true })).filter(
      (entry) => entry.isDirectory() || READABLE.test(entry.name) || ARCHIVE.test(entry.name),
    );
    return (await Promise.all(entries.map(({ name }) => sourcesAt(join(path, name), unpacked)))).flat();
  }
  if (ARCHIVE.test(path)) return archived(path, await mkdtemp(join(unpacked, 'archive-')));
  if (!READABLE.test(path))
    throw new ProblemError('malformed', `${path} is none of .json, .ndjson, .gz, .tar.gz.`);
  return [{ name: path, bytes: statSync(path).size, read: () => readText(path) }];
}

/** The text of a file, unpacked where it is gzipped. @throws ProblemError when it is neither, or not UTF-8 */
export async function readText(path: string): Promise<string> {
  const bytes = await bytesOf(path).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code?.startsWith('Z_') === true ? 'it is not gzip, or cut short' : cause.code;
    throw new ProblemError('malformed', `The file ${path} cannot be read (${reason}).`, { cause });
  });
  if (!isUtf8(bytes)) throw new ProblemError('malformed', `The file ${path} is not UTF-8.`);
  return new TextDecoder().decode(bytes);
}

function bytesOf(path: string): Promise<Buffer> {
  const file = createReadStream(path);
  if (!path.endsWith('.gz')) return buffer(file);
  const plain = createGunzip();
  file.on('error', (error) => plain.destroy(error));
  return buffer(file.pipe(plain));
}

/** Entries of an archive, unpacked into the folder once: reading one by one would go through the whole archive each time. */
async function archived(archive: string, folder: string): Promise<Source[]> {
  const sources: Source[] = [];
  const isWanted = (name: string, entry: ReadEntry | object): boolean =>
    'type' in entry && entry.type === 'File' && READABLE.test(name);
  await extract({
    file: archive,
    cwd: folder,
    filter: isWanted,
    onReadEntry: ({ path, size }) => {
      const at = join(folder, path);
      sources.push({ name: path, bytes: size, read: () => readText(at) });
    },
  }).catch((cause: unknown) => {
    throw new ProblemError('malformed', `${archive} is no tar archive, or cut short.`, { cause });
  });
  return sources;
}

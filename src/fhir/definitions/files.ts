/** The compiled definition files: found, built when missing, read lazily. */
import { execFileSync } from 'node:child_process';
import { existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Same number as in scripts/build-definitions.mjs. */
const FORMAT = 3;

/** The package's root, from `src/fhir/definitions` and from `dist/fhir/definitions` alike. */
const ROOT = resolve(__dirname, '../../..');

/** Folder of our own definitions and of the packages we ship. */
export const PROFILES_FOLDER = join(ROOT, 'fhir-profiles');

const FOLDER = join(ROOT, 'dist', 'definitions', `v${FORMAT}`);

function folder(): string {
  if (!existsSync(FOLDER)) {
    execFileSync(process.execPath, [join(ROOT, 'scripts', 'build-definitions.mjs'), '--if-missing'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return FOLDER;
}

/** Reads one compiled file whole. */
export function readCompiled(name: string): unknown {
  return JSON.parse(readFileSync(join(folder(), name), 'utf8'));
}

let lines: number | undefined;

/** Reads one line of the canonicals file, which is never held in memory. */
export function readCanonicalLine(offset: number, length: number): unknown {
  lines ??= openSync(join(folder(), 'canonicals.ndjson'), 'r');
  const buffer = Buffer.alloc(length);
  readSync(lines, buffer, 0, length, offset);
  return JSON.parse(buffer.toString('utf8'));
}

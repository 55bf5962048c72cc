// Makes a fresh clone runnable: installs the packages when they are missing or older than the lock file, builds when a
// source is newer than the last build. Plain Node, no packages: it runs before there are any. Everything it
// prints goes to standard error, so that a command's JSON on standard output stays clean.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const installStamp = join(root, 'node_modules', '.crosswalk-lock');
const buildStamp = join(root, 'dist', '.crosswalk-build');
const webStamp = join(root, 'dist', '.crosswalk-web');
const SOURCES = ['src', 'mappings', 'fhir-profiles', 'scripts', 'tsconfig.json', 'package-lock.json'];
const WEB_SOURCES = [
  'web',
  join('src', 'faces', 'portal', 'areas.ts'),
  join('scripts', 'build-web.mjs'),
  'package-lock.json',
];

/** Installs when needed; returns whether it did. */
export function ensureInstalled() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(installStamp) && readFileSync(installStamp, 'utf8') === lock) return false;
  // Not `npm ci`: it refuses a lock file that names no binaries for platforms whose packages a registry mirror lacks.
  run('Installing packages', 'npm', [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--include=dev',
  ]);
  writeFileSync(installStamp, lock);
  return true;
}

/** Builds into dist/ when a source changed since; returns whether it did. */
export function ensureBuilt() {
  return ensureCurrent(SOURCES, buildStamp, 'Building', 'build-server.mjs');
}

/** Builds the dashboard into dist/web when one of its own sources changed since; returns whether it did. */
export function ensureWebBuilt() {
  return ensureCurrent(WEB_SOURCES, webStamp, 'Building the dashboard', 'build-web.mjs');
}

function ensureCurrent(sources, stamp, what, script) {
  const present = digest(sources.flatMap((each) => filesBelow(join(root, each))));
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === present) return false;
  rmSync(stamp, { force: true });
  run(what, process.execPath, [join(root, 'scripts', script)]);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, present);
  return true;
}

/**
 * One build at a time: several commands may start at once on a fresh clone. Whatever serves pages asks for `web` too;
 * commands and API tests do without.
 */
export function ensureReady({ web = false } = {}) {
  const lock = join(root, '.building');
  for (let waited = 0; !tryLock(lock); waited += 200) {
    if (waited > 300_000) rmSync(lock, { recursive: true, force: true });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  try {
    ensureInstalled();
    ensureBuilt();
    if (web) ensureWebBuilt();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function tryLock(path) {
  try {
    mkdirSync(path);
    writeFileSync(join(path, 'pid'), String(process.pid));
    return true;
  } catch {
    return takeOverFromDead(path);
  }
}

function takeOverFromDead(path) {
  try {
    const pid = Number(readFileSync(join(path, 'pid'), 'utf8'));
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') rmSync(path, { recursive: true, force: true });
  }
  return false;
}

function run(what, command, args) {
  process.stderr.write(`${what} ...\n`);
  const started = Date.now();
  const env = { ...process.env };
  delete env.NODE_ENV; // a production environment must not make npm leave out the compiler
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], env });
  if (done.status !== 0) {
    process.stderr.write(`${what} failed.\n`);
    rmSync(join(root, '.building'), { recursive: true, force: true });
    process.exit(1);
  }
  process.stderr.write(`${what}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Names, sizes and times: cheap, and right for a working tree. */
function digest(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

import { readFileSync } from 'node:fs';
import type { Environment } from './environment';
import { asBuffer } from './view';

const OWNER_KEY = Buffer.from('owner');

/**
 * Takes the file for this process, inside an LMDB write transaction, which only one process can have at a time. The
 * claim of a process that no longer runs counts for nothing.
 * @returns false when a living process has it
 */
function claimOwnership(env: Environment): boolean {
  let claimed = false;
  env.root.transactionSync(() => {
    const stored = env.tables.catalog.getBinary(OWNER_KEY);
    const owner = stored ? asBuffer(stored).toString() : '';
    const own = identity(process.pid);
    if (owner !== '' && owner !== own && owner === identity(Number(owner.split(' ')[0]))) return;
    env.tables.catalog.putSync(OWNER_KEY, Buffer.from(own));
    claimed = true;
  });
  return claimed;
}

/** Gives the file free for others while this process lives on. */
export function releaseClaim(env: Environment): void {
  env.root.transactionSync(() => {
    const stored = env.tables.catalog.getBinary(OWNER_KEY);
    if (stored && asBuffer(stored).toString() === identity(process.pid))
      env.tables.catalog.removeSync(OWNER_KEY);
  });
}

/** Takes out whoever had the file, living or not: for a copy of it, which nobody has. */
export function disown(env: Environment): void {
  env.root.transactionSync(() => {
    if (env.tables.catalog.doesExist(OWNER_KEY)) env.tables.catalog.removeSync(OWNER_KEY);
  });
}

/** How long a claim waits for an owner that is about to end, in milliseconds. */
const PATIENCE_MS = 3000;

/**
 * Like {@link claimOwnership}, but an owner that does not listen (`isServing`) may be one that was just killed and is
 * still being taken down: it is waited for.
 */
export async function claimFrom(env: Environment, isServing: () => Promise<boolean>): Promise<boolean> {
  for (const deadline = Date.now() + PATIENCE_MS; ;) {
    if (claimOwnership(env)) return true;
    if (Date.now() > deadline || (await isServing())) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A process, told apart from a later one with the same id by when it started. */
function identity(pid: number): string {
  if (!isAlive(pid)) return '';
  const started = startTime(pid);
  return started === 'ended' ? '' : `${pid} ${started}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Start time in clock ticks since boot, with the boot's id; `ended` for a process not yet reaped; empty without /proc. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return 'ended';
    return `${fields[19] ?? ''} ${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}`;
  } catch {
    return '';
  }
}

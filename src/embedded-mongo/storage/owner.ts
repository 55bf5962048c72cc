import { readFileSync } from 'node:fs';
import type { Environment } from './environment';
import { asBuffer } from './view';

const OWNER_KEY = Buffer.from('owner');

/**
 * Takes the file for this process, inside an LMDB write transaction, which only one process can have at a time. The
 * claim of a process that no longer runs counts for nothing.
 * @returns false when a living process has it
 */
export function claimOwnership(env: Environment): boolean {
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

/** A process, told apart from a later one with the same id by when it started. */
function identity(pid: number): string {
  if (!isAlive(pid)) return '';
  return `${pid} ${startTime(pid)}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Start time in clock ticks since boot, with the boot's id; empty where there is no /proc. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${fields[19] ?? ''} ${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}`;
  } catch {
    return '';
  }
}

#!/usr/bin/env node
/**
 * `node main.js FILE [--key FILE] [--anchor FILE] [--json]`: verifies an export with nothing but Node. This folder is all it takes:
 * it can be copied away from the server and run anywhere.
 */
import { readFile } from 'node:fs/promises';
import { parseKeys, type Checkpoint } from './manifest';
import { verifyFile, type Verdict } from './verify';
import { describeFinding, describeVerdict } from './wording';

export interface VerifyArguments {
  file: string;
  key?: string;
  /** Checkpoints that the server anchored earlier, a line of JSON each. */
  anchor?: string;
  json?: boolean;
}

/** Runs a verification and words it: what to print, and the exit code. Never throws. */
export async function runVerify({
  file,
  key,
  anchor,
  json,
}: VerifyArguments): Promise<{ out: string; code: 0 | 1 }> {
  let verdict: Verdict;
  try {
    verdict = await verifyFile(file, {
      ...(key === undefined ? {} : { keys: parseKeys(await readFile(key, 'utf8')) }),
      ...(anchor === undefined ? {} : { anchors: parseAnchors(await readFile(anchor, 'utf8')) }),
    });
  } catch (error) {
    const message = messageOf(error);
    return { out: json === true ? JSON.stringify({ ok: false, problem: message }) : message, code: 1 };
  }
  if (json === true) return { out: JSON.stringify(jsonOf(verdict)), code: verdict.ok ? 0 : 1 };
  return { out: describeVerdict(verdict), code: verdict.ok ? 0 : 1 };
}

function jsonOf({ manifest, ...verdict }: Verdict): object {
  return {
    ...verdict,
    ...(manifest === undefined
      ? {}
      : {
          origin: manifest.origin,
          generated: manifest.generated,
          filter: manifest.filter,
          checkpoint: manifest.checkpoint,
        }),
    ...(verdict.findings[0] === undefined ? {} : { first: describeFinding(verdict.findings[0]) }),
  };
}

/** Of what the system says of a file, its path is told. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path }: NodeJS.ErrnoException = error;
  return path === undefined ? error.message : `The file ${path} cannot be read (${code}).`;
}

/** @throws Error when a line is no JSON. */
function parseAnchors(text: string): Checkpoint[] {
  try {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as Checkpoint);
  } catch (cause) {
    throw new Error('The anchor file is not what `audit anchor` writes: a checkpoint a line.', { cause });
  }
}

async function main(args: readonly string[]): Promise<void> {
  const after = (name: string): string | undefined =>
    args.includes(name) ? args[args.indexOf(name) + 1] : undefined;
  const key = after('--key');
  const anchor = after('--anchor');
  const file = args.find((arg) => !arg.startsWith('--') && arg !== key && arg !== anchor);
  if (file === undefined) {
    process.stderr.write('Usage: node main.js FILE [--key FILE] [--anchor FILE] [--json]\n');
    process.exitCode = 1;
    return;
  }
  const { out, code } = await runVerify({
    file,
    json: args.includes('--json'),
    ...(key === undefined ? {} : { key }),
    ...(anchor === undefined ? {} : { anchor }),
  });
  (code === 0 ? process.stdout : process.stderr).write(`${out}\n`);
  process.exitCode = code;
}

if (require.main === module) void main(process.argv.slice(2));

#!/usr/bin/env node
/**
 * `node main.js FILE [--key FILE] [--json]`: verifies an export with nothing but Node. This folder is all it takes:
 * it can be copied away from the server and run anywhere.
 */
import { readFile } from 'node:fs/promises';
import { parseKeys } from './manifest';
import { verifyFile, type Verdict } from './verify';
import { describeFinding, describeVerdict } from './wording';

export interface VerifyArguments {
  file: string;
  key?: string;
  json?: boolean;
}

/** Runs a verification and words it: what to print, and the exit code. Never throws. */
export async function runVerify({ file, key, json }: VerifyArguments): Promise<{ out: string; code: 0 | 1 }> {
  let verdict: Verdict;
  try {
    verdict = await verifyFile(file, key === undefined ? undefined : parseKeys(await readFile(key, 'utf8')));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
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
      : { origin: manifest.origin, generated: manifest.generated, filter: manifest.filter, checkpoint: manifest.checkpoint }),
    ...(verdict.findings[0] === undefined ? {} : { first: describeFinding(verdict.findings[0]) }),
  };
}

async function main(args: readonly string[]): Promise<void> {
  const at = args.indexOf('--key');
  const key = at < 0 ? undefined : args[at + 1];
  const file = args.find((arg, i) => !arg.startsWith('--') && (at < 0 || i !== at + 1));
  if (file === undefined) {
    process.stderr.write('Usage: node main.js FILE [--key FILE] [--json]\n');
    process.exitCode = 1;
    return;
  }
  const { out, code } = await runVerify({ file, json: args.includes('--json'), ...(key === undefined ? {} : { key }) });
  (code === 0 ? process.stdout : process.stderr).write(`${out}\n`);
  process.exitCode = code;
}

if (require.main === module) void main(process.argv.slice(2));

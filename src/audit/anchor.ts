/** Anchoring: a checkpoint in the hands of somebody else. What he holds, the server can no longer rewrite unseen. */
import { appendFile } from 'node:fs/promises';
import { ProblemError } from '../fhir';
import type { Checkpoint } from './verify';

const ANSWER_MS = 15_000;

/**
 * Hands a checkpoint over: appended as a line of JSON to a file, or posted to an `http(s)` URL.
 * @throws ProblemError unavailable when the URL does not take it.
 */
export async function anchorCheckpoint(checkpoint: Checkpoint, target: string): Promise<void> {
  const line = `${JSON.stringify(checkpoint)}\n`;
  if (!/^https?:\/\//.test(target)) {
    await appendFile(target, line);
    return;
  }
  const answer = await fetch(target, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: line,
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch((cause: unknown) => {
    throw new ProblemError('unavailable', `The anchor at ${new URL(target).host} does not answer.`, {
      cause,
    });
  });
  await answer.body?.cancel();
  if (!answer.ok)
    throw new ProblemError('unavailable', `The anchor at ${new URL(target).host} answered ${answer.status}.`);
}

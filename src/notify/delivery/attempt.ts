import type { Answer, Call, Outbound } from '../../outbound';
import type { CompiledSubscription } from '../types';

/** What came of one call: received, to be tried again, or never again. */
export type Result =
  | { kind: 'received'; answer: Answer }
  | { kind: 'retry'; answer?: Answer; error?: string; milliseconds: number }
  | { kind: 'gone'; answer: Answer };

const ANSWER_KEPT = 256;

/** Makes one call and judges the answer: 2xx is received, 410 ends the subscription, all else is tried again. */
export async function attempt(outbound: Outbound, subscription: CompiledSubscription, call: Omit<Call, 'timeout' | 'answerBytes'>): Promise<Result> {
  const started = performance.now();
  try {
    const answer = await outbound.call({ ...call, timeout: subscription.timeout, answerBytes: ANSWER_KEPT });
    if (answer.status >= 200 && answer.status < 300) return { kind: 'received', answer };
    if (answer.status === 410) return { kind: 'gone', answer };
    return { kind: 'retry', answer, milliseconds: answer.milliseconds };
  } catch (error) {
    return { kind: 'retry', error: reasonOf(error), milliseconds: Math.round(performance.now() - started) };
  }
}

/** A reason without addresses of ours or payload in it. */
function reasonOf(error: unknown): string {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  if (name === 'TimeoutError') return 'no answer in time';
  if (code !== undefined) return code;
  return message?.slice(0, 120) ?? 'the call failed';
}

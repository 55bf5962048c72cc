import type { Answer, Call, Outbound } from '../../outbound';
import type { Credentials } from '../credentials';
import { signatureHeaders } from '../signatures';
import type { CompiledSubscription } from '../types';

/** What came of one call: received, to be tried again, or never again. */
export type Result =
  | { kind: 'received'; answer: Answer }
  | { kind: 'retry'; answer?: Answer; error?: string; milliseconds: number }
  | { kind: 'gone'; answer: Answer };

/** What is sent: without the subscriber's headers and signatures. */
export interface Message extends Pick<Call, 'method' | 'url' | 'headers' | 'body'> {
  /** The same for every attempt of one event. */
  id: string;
  /** Spans of the requests that it tells of. */
  causes?: readonly string[];
}

const ANSWER_KEPT = 256;

/** Makes one signed call and judges the answer: 2xx is received, 410 ends the subscription, all else is tried again. */
export async function attempt(
  outbound: Outbound,
  subscription: Pick<CompiledSubscription, 'id' | 'timeout'>,
  { headers, secrets }: Credentials,
  message: Message,
): Promise<Result> {
  const started = performance.now();
  const { id, causes = [], ...call } = message;
  const ours = { ...call.headers, ...signatureHeaders(secrets, id, new Date(), call.body ?? '') };
  const sent = [...Object.values(headers), call.body ?? ''].join('\n');
  try {
    const answer = await outbound.call({
      ...call,
      headers: { ...withoutThose(headers, ours), ...ours },
      timeout: subscription.timeout,
      span: { name: 'webhook', causes, attributes: { 'crosswalk.subscription': subscription.id } },
      answerBytes: ANSWER_KEPT,
    });
    if (answer.status >= 200 && answer.status < 300) return { kind: 'received', answer };
    if (answer.status === 410) return { kind: 'gone', answer };
    return {
      kind: 'retry',
      answer: { ...answer, body: withoutEcho(answer.body, sent) },
      milliseconds: answer.milliseconds,
    };
  } catch (error) {
    return { kind: 'retry', error: reasonOf(error), milliseconds: Math.round(performance.now() - started) };
  }
}

/** A subscriber's header does not stand beside the one that the message itself needs, however it is written. */
function withoutThose(headers: Credentials['headers'], ours: Record<string, string>): Record<string, string> {
  const taken = new Set(Object.keys(ours).map((name) => name.toLowerCase()));
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !taken.has(name.toLowerCase())));
}

/** A reason without addresses of ours or payload in it. */
function reasonOf(error: unknown): string {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  if (name === 'TimeoutError') return 'no answer in time';
  if (code !== undefined) return code;
  return message?.slice(0, 120) ?? 'the call failed';
}

const WORD = /[\p{L}\p{N}]{2,}/gu;

/**
 * Answers are kept for the operator; what they repeat of the call may be about a patient or the receiver's own secret,
 * and is not.
 */
function withoutEcho(answer: string, sent: string): string {
  const words = new Set(sent.toLowerCase().match(WORD));
  return answer.replace(WORD, (word) => (words.has(word.toLowerCase()) ? '…' : word));
}

/** What is written down of a result: never more than time, status, reason and the first bytes of a refusal. */
export function describe(result: Result): {
  milliseconds: number;
  status?: number;
  answer?: string;
  error?: string;
} {
  if (result.kind === 'received')
    return { milliseconds: result.answer.milliseconds, status: result.answer.status };
  if (result.kind === 'gone') return { milliseconds: result.answer.milliseconds, status: 410 };
  const { answer, error, milliseconds } = result;
  return {
    milliseconds,
    ...(answer !== undefined && { status: answer.status, answer: answer.body }),
    ...(error !== undefined && { error }),
  };
}

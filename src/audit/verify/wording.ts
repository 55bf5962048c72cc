/** The verdict in words. */
import type { Finding } from './ledger';
import type { Verdict } from './verify';

/** For example `event 7 (3f0e...) is altered`. */
export function describeFinding({ how, id, sequence, position, instead }: Finding): string {
  const number =
    sequence === undefined ? `at place ${position} of the file` : `number ${sequence} of the log`;
  const name = id === undefined ? `The event ${number}` : `Event ${id} (${number})`;
  if (how === 'out of order' && instead !== undefined)
    return `${name} is out of order: it stands where event ${instead} should`;
  return `${name} is ${how}`;
}

/** One line of counts when all is well; else what is wrong, the first event first. */
export function describeVerdict(verdict: Verdict): string {
  const { ok, events, wrong, findings, problem, manifest, kid } = verdict;
  if (ok && manifest !== undefined) {
    const { checkpoint } = manifest;
    const part = events === checkpoint.size ? 'the whole log' : `from a log of ${checkpoint.size} events`;
    return `OK: ${events} events verified, ${part}, 0 altered, 0 missing, 0 added, 0 out of order; signed ${manifest.generated} by ${manifest.origin}, key ${kid ?? ''}`;
  }
  const first = findings[0];
  const lines = [
    ...(first === undefined ? [] : [`${describeFinding(first)}.`]),
    ...(problem === undefined ? [] : [`NOT VERIFIED: ${problem}.`]),
    ...(wrong > 1
      ? [`${wrong} findings in all: ${tally(findings)}${wrong > findings.length ? ', and more' : ''}.`]
      : []),
  ];
  return lines.join(' ');
}

function tally(findings: readonly Finding[]): string {
  const kinds = ['altered', 'missing', 'added', 'out of order'] as const;
  return kinds
    .map((kind) => ({ kind, count: findings.filter((finding) => finding.how === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${count} ${kind}`)
    .join(', ');
}

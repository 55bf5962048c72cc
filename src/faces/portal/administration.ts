import { object, text } from '../../contract';
import { ProblemError } from '../../fhir';
import type { Principal, Role } from '../../identity';

/** Operators administer what all practices have, a practice's administrator what is its own. */
export const ADMINISTRATORS: readonly Role[] = ['operator', 'practice-admin'];

const LONGEST_OVERLAP_H = 30 * 24;

/** The practice of something new, in its body. */
export const PRACTICE = text(
  200,
  'Id or name; a practice administrator may leave it out.',
  'Sonora Behavioral Health',
);

/** How long what is rotated stays good. */
export const ROTATION = object(
  {
    overlapHours: {
      type: 'integer',
      minimum: 0,
      maximum: LONGEST_OVERLAP_H,
      'x-expected': 'hours from 0 to 720',
    },
  },
  ['overlapHours'],
);

/** Headers of an answer with a secret. */
export const SHOWN_ONCE = { 'Cache-Control': 'no-store' };

/**
 * Id or name of the practice that something new is for.
 * @throws ProblemError forbidden, or invalid when an operator names none
 */
export function practiceFor({ practice, practiceName }: Principal, asked: string | undefined): string {
  if (practice === undefined) {
    if (asked === undefined) throw new ProblemError('invalid', 'Choose the practice that it is for.');
    return asked;
  }
  if (asked !== undefined && asked !== practice && asked !== practiceName)
    throw new ProblemError('forbidden', 'You administer your own practice.');
  return practice;
}

/** A provider that a match offered before a referral was made. */
export interface Offer {
  practice: string;
  score: number;
  /** Its reasons, one after the other. */
  reasons: string;
}

const OFFER = /\d+\. (.+?), score (\d+) \((.*?)\)(?=; \d+\. |$)/g;

/**
 * The matches in a row of the brokering report: `Asked for ...: 1. Desert Sky IOP, score 99 (reasons); 2. ...`, several
 * divided by ` | `. What is no match is left out.
 */
export function offersIn(text: string): Offer[][] {
  return text
    .split(' | ')
    .map((match) =>
      [...match.matchAll(OFFER)].map(([, practice = '', score = '', reasons = '']) => ({
        practice,
        score: Number(score),
        reasons,
      })),
    )
    .filter((offers) => offers.length > 0);
}

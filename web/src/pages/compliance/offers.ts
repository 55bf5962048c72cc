/** A provider that a match offered before a referral was made. */
export interface Offer {
  practice: string;
  score: number;
  reasons: string[];
}

/**
 * The matches in a row of the brokering report: `match.1: {...}; match.2: {...}`, one list a match, lists divided by ` | `.
 * What is no match is left out.
 */
export function offersIn(text: string): Offer[][] {
  return text
    .split(' | ')
    .map((list) =>
      [...list.matchAll(/match\.\d+: (\{.*?\})(?=; |$)/g)].flatMap(([, json = '']) => offerOf(json)),
    )
    .filter((offers) => offers.length > 0);
}

function offerOf(json: string): Offer[] {
  try {
    return [JSON.parse(json) as Offer];
  } catch {
    return [];
  }
}

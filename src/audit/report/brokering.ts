/**
 * Referral brokering review (ARS 36-2212, AHCCCS): each referral with its clinical justification, the match results
 * that its sender was offered, the provider chosen, and everybody who had a part in it.
 */
import type { Lookups } from '../export/filter';
import type { EventShape } from '../verify';
import { actorOf, createCounter, factsOf, interactionsOf, touchedBy, type ReportDrawer } from './report';

interface Referral {
  id: string;
  created: string;
  sender: string;
  createdBy: string;
  patients: string[];
  facts: string[];
  matches: Match[];
  parties: Set<string>;
  steps: Step[];
}

/** A provider that the matching offered. */
interface Offer {
  practice: string;
  score: number;
  reasons: string[];
}

/** An answer of the matching: what was asked for, and who was offered, the best first. */
interface Match {
  asked: { input: string; value: string }[];
  offers: Offer[];
}

/** A change of a referral, or its disclosure. */
interface Step {
  at: string;
  what: string;
  by: string;
  isRefused: boolean;
}

/** Matches are taken for offers to a referral that the same practice makes within this time. Milliseconds. */
const OFFER_MS = 86_400_000;

function matchIn({ entity = [] }: EventShape): Match {
  const match: Match = { asked: [], offers: [] };
  for (const { type = '', valueString = '' } of entity.flatMap(({ detail = [] }) => detail)) {
    const input = /^input\.(.*)$/.exec(type)?.[1];
    if (input !== undefined) match.asked.push({ input, value: valueString });
    else if (/^match\.\d+$/.test(type)) match.offers.push(offerIn(valueString));
  }
  return match;
}

/** One result as the faces record it. */
function offerIn(json: string): Offer {
  const { practice = '', score = 0, reasons = [] } = JSON.parse(json) as Partial<Offer>;
  return { practice, score, reasons };
}

function matchInWords({ asked, offers }: Match): string {
  const question =
    asked.length === 0
      ? ''
      : `Asked for ${asked.map(({ input, value }) => `${input} ${value}`).join(', ')}: `;
  const told = offers.map(
    ({ practice, score, reasons }, i) => `${i + 1}. ${practice}, score ${score} (${reasons.join(', ')})`,
  );
  return question + (told.join('; ') || 'nobody was found');
}

function stepInWords({ at, what, by, isRefused }: Step): string {
  return `${at} ${what} by ${by}${isRefused ? ', refused' : ''}`;
}

function isChange(event: EventShape): boolean {
  const { action = '' } = event;
  return ['C', 'U', 'D'].includes(action) || interactionsOf(event).includes('disclose');
}

export function drawBrokering(lookups: Pick<Lookups, 'referralFacts'>): ReportDrawer {
  const referrals = new Map<string, Referral>();
  const byTask = new Map<string, Referral>();
  const matches: { at: number; practice: string; match: Match }[] = [];
  const bySender = createCounter('Referrals by sender');
  const pairs = createCounter('Referrals by sender and chosen provider');

  const create = (event: EventShape, reference: string): void => {
    const { name, practice } = actorOf(event);
    const at = Date.parse(event.recorded ?? '');
    const sender = practice || name;
    const referral: Referral = {
      id: reference.slice('ServiceRequest/'.length),
      created: event.recorded ?? '',
      sender,
      createdBy: name,
      patients: touchedBy(event, 'Patient'),
      facts: factsOf(event),
      matches: matches
        .filter((each) => each.practice === sender && at - each.at < OFFER_MS)
        .map(({ match }) => match),
      parties: new Set([sender]),
      steps: [],
    };
    referrals.set(reference, referral);
    for (const task of touchedBy(event, 'Task')) byTask.set(task, referral);
  };
  const follow = (event: EventShape): void => {
    const { name, practice } = actorOf(event);
    const concerned = touchedBy(event).flatMap(
      (reference) => referrals.get(reference) ?? byTask.get(reference) ?? [],
    );
    for (const referral of new Set(concerned)) {
      // Whoever was refused has had no part in it.
      if (event.outcome === '0') referral.parties.add(practice || name);
      if (!isChange(event)) continue;
      referral.steps.push({
        at: event.recorded ?? '',
        what: interactionsOf(event).join(' '),
        by: name,
        isRefused: event.outcome !== '0',
      });
    }
  };
  return {
    title: 'Referral brokering review',
    about:
      'Each referral: why it was made, which providers the matching offered, which one was chosen, and who took part.',
    columns: [
      'created',
      'referral',
      'sender',
      'created by',
      'patient',
      'justification',
      'match results offered',
      'chosen provider',
      'status',
      'parties',
      'steps',
    ],
    take: (event) => {
      if (event.outcome === '0' && interactionsOf(event).includes('match')) {
        const { practice, name } = actorOf(event);
        matches.push({
          at: Date.parse(event.recorded ?? ''),
          practice: practice || name,
          match: matchIn(event),
        });
      }
      const [made] = event.outcome === '0' && event.action === 'C' ? touchedBy(event, 'ServiceRequest') : [];
      if (made !== undefined && !referrals.has(made)) create(event, made);
      else follow(event);
    },
    finish: async () => {
      const rows: string[][] = [];
      for (const referral of referrals.values()) {
        const facts = (await lookups.referralFacts(referral.id)) ?? {};
        const told = referral.facts.find((fact) => /justification/i.test(fact))?.replace(/^[^:]*: /, '');
        const chosen =
          facts.recipient ??
          referral.facts.find((fact) => /sent_to|recipient/i.test(fact))?.replace(/^[^:]*: /, '') ??
          '';
        bySender.add(referral.sender);
        pairs.add(`${referral.sender} -> ${chosen || 'unknown'}`);
        if (chosen !== '') referral.parties.add(chosen);
        rows.push([
          referral.created,
          referral.id,
          referral.sender,
          referral.createdBy,
          referral.patients.join(' '),
          told ?? facts.justification ?? '',
          referral.matches.map(matchInWords).join(' | '),
          chosen,
          facts.status ?? '',
          [...referral.parties].join(', '),
          referral.steps.map(stepInWords).join(' | '),
        ]);
      }
      const details = [...referrals.values()].map(({ matches: offered, steps: followed }) => ({
        matches: offered,
        followed,
      }));
      return { rows, details, counts: [bySender.result(), pairs.result()] };
    },
  };
}

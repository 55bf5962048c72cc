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
  offered: string[];
  parties: Set<string>;
  steps: string[];
}

/** Matches are taken for offers to a referral that the same practice makes within this time. Milliseconds. */
const OFFER_MS = 86_400_000;

/** An answer of the matching in words: what was asked for, and who was offered, with score and reasons. */
function offerOf({ entity = [] }: EventShape): string {
  const asked: string[] = [];
  const offered: string[] = [];
  for (const { type = '', valueString = '' } of entity.flatMap(({ detail = [] }) => detail)) {
    const input = /^input\.(.*)$/.exec(type)?.[1];
    if (input !== undefined) asked.push(`${input} ${valueString}`);
    else offered.push(/^match\.\d+$/.test(type) ? resultOf(valueString) : `${type}: ${valueString}`);
  }
  const question = asked.length === 0 ? '' : `Asked for ${asked.join(', ')}: `;
  return question + (offered.map((one, i) => `${i + 1}. ${one}`).join('; ') || 'nobody was found');
}

/** One result as the faces record it. */
function resultOf(json: string): string {
  const {
    practice = '',
    score = 0,
    reasons = [],
  } = JSON.parse(json) as { practice?: string; score?: number; reasons?: string[] };
  return `${practice}, score ${score} (${reasons.join(', ')})`;
}

function isChange(event: EventShape): boolean {
  const { action = '' } = event;
  return ['C', 'U', 'D'].includes(action) || interactionsOf(event).includes('disclose');
}

export function drawBrokering(lookups: Pick<Lookups, 'referralFacts'>): ReportDrawer {
  const referrals = new Map<string, Referral>();
  const byTask = new Map<string, Referral>();
  const matches: { at: number; practice: string; facts: string }[] = [];
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
      offered: matches
        .filter((match) => match.practice === sender && at - match.at < OFFER_MS)
        .map(({ facts }) => facts),
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
      const refused = event.outcome === '0' ? '' : ', refused';
      referral.steps.push(`${event.recorded ?? ''} ${interactionsOf(event).join(' ')} by ${name}${refused}`);
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
          facts: offerOf(event),
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
          referral.offered.join(' | '),
          chosen,
          facts.status ?? '',
          [...referral.parties].join(', '),
          referral.steps.join(' | '),
        ]);
      }
      return { rows, counts: [bySender.result(), pairs.result()] };
    },
  };
}

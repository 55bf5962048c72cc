/** What was refused, and who failed to sign in. */
import { actorOf, createCounter, factOf, factsOf, interactionsOf, type ReportDrawer } from './report';

const LOGIN = '110122';

export function drawRefusals(): ReportDrawer {
  const rows: string[][] = [];
  const byReason = createCounter('Refusals by reason');
  const byAddress = createCounter('Refusals by address');
  const logins = createCounter('Failed logins by account');
  return {
    title: 'Failed logins and refusals',
    about:
      'Every access that did not succeed: failed logins, missing or wrong credentials, insufficient rights, bad requests.',
    columns: [
      'when',
      'who',
      'id',
      'practice',
      'address',
      'interaction',
      'outcome',
      'reason',
      'facts',
      'event',
    ],
    take: (event) => {
      if (event.outcome === '0') return;
      const { name, id, practice, address } = actorOf(event);
      const interactions = interactionsOf(event);
      byReason.add(event.outcomeDesc ?? 'not given');
      byAddress.add(address);
      if (interactions.includes(LOGIN)) logins.add(factOf(event, 'email') ?? id);
      rows.push([
        event.recorded ?? '',
        name,
        id,
        practice,
        address,
        interactions.includes(LOGIN) ? 'login' : interactions.join(' '),
        event.outcome ?? '',
        event.outcomeDesc ?? '',
        factsOf(event).join('; '),
        event.id ?? '',
      ]);
    },
    finish: () => Promise.resolve({ rows, counts: [byReason.result(), byAddress.result(), logins.result()] }),
  };
}

/** Who looked at this patient, or changed something about it. */
import { actorOf, createCounter, interactionsOf, touchedBy, type ReportDrawer } from './report';

export function drawAccess(): ReportDrawer {
  const rows: string[][] = [];
  const byAgent = createCounter('Accesses by agent');
  const byAction = createCounter('Accesses by action');
  return {
    title: 'Patient access report',
    about:
      'Every access to what the record holds about the patient: by whom, when, from where, why, with what outcome.',
    columns: [
      'when',
      'who',
      'id',
      'practice',
      'address',
      'interaction',
      'action',
      'outcome',
      'purpose',
      'resources',
      'event',
    ],
    take: (event) => {
      const { name, id, practice, address } = actorOf(event);
      const purpose = (event.purposeOfEvent ?? []).flatMap(({ coding = [] }) =>
        coding.flatMap(({ code }) => code ?? []),
      );
      byAgent.add(`${name} (${id})`);
      byAction.add(event.action ?? '');
      rows.push([
        event.recorded ?? '',
        name,
        id,
        practice,
        address,
        interactionsOf(event).join(' '),
        event.action ?? '',
        event.outcome ?? '',
        purpose.join(' '),
        touchedBy(event).join(' '),
        event.id ?? '',
      ]);
    },
    finish: () => Promise.resolve({ rows, counts: [byAgent.result(), byAction.result()] }),
  };
}

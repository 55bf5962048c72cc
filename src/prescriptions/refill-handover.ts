import type { Task } from '@medplum/fhirtypes';
import type { Pharmacy } from '../pharmacy';
import type { Actor } from './actor';
import type { LoadedPrescription } from './load';
import { refillMapping } from './mapping';
import { tellPharmacy } from './notice';
import { present } from './references';
import type { PrescriptionServices } from './services';
import { changed, sound } from './sound';
import { handOver, withHandover } from './transmit';

/** An approved refill on its way. */
export interface ApprovedRefill {
  prescription: LoadedPrescription;
  task: Task & { id: string };
  pharmacy: (Pharmacy & { id: string }) | undefined;
}

/**
 * Sends an approved refill to its pharmacy and keeps what came of it in its Task. The approval stands even when the
 * network fails: the Task then has no confirmation, and the refill can be seen as not sent.
 */
export async function sendRefill(
  services: PrescriptionServices,
  actor: Actor,
  { prescription, task, pharmacy }: ApprovedRefill,
): Promise<{ task: Task & { id: string }; isTold: boolean }> {
  if (pharmacy === undefined) return { task, isTold: false };
  const { quantity } = refillMapping.read({ task, mr: prescription.mr }, 'asked');
  const message = {
    id: task.id,
    kind: 'refill',
    pharmacy,
    method: 'electronic',
    priority: task.priority ?? 'routine',
  } as const;
  const handover = await handOver(services, prescription, {
    ...message,
    ...(typeof quantity === 'number' && { quantity }),
  }).catch(() => undefined);
  if (handover === undefined) return { task, isTold: false };
  const sent = await services.store.transaction(async (tx) => {
    const now = (await present<Task>(tx, actor.viewer, 'Task', task.id)) ?? task;
    const kept = { ...withHandover(now, handover), id: task.id };
    await tx.commit(sound([changed(kept)]), actor.step());
    return kept;
  });
  const text = 'A refill was approved.';
  return {
    task: sent,
    isTold: await tellPharmacy(services, actor, pharmacy, { about: sent, text, at: services.clock() }),
  };
}

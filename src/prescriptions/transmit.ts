import type { Task, TaskOutput } from '@medplum/fhirtypes';
import { CANONICAL_BASE } from '../fhir';
import type { Message, Receipt } from '../pharmacy';
import { PHARMACY_TASK } from './fills';
import { drugQuery, type LoadedPrescription } from './load';
import type { PrescriptionServices } from './services';

const ESTIMATED_READY = `${CANONICAL_BASE}/StructureDefinition/estimated-ready-time`;
const MINUTE_MS = 60_000;

/** What handing over to a pharmacy came to. */
export interface Handover {
  receipt: Receipt;
  /** By the formulary's time for the drug; undefined when it does not know it. */
  readyAt: Date | undefined;
}

/** Hands a prescription or a refill to the network, and works out when it is ready. */
export async function handOver(
  { network, formulary, clock }: PrescriptionServices,
  prescription: LoadedPrescription,
  message: Omit<Message, 'prescription'>,
): Promise<Handover> {
  const receipt = await network.transmit({ ...message, prescription: prescription.mr });
  const drug = await formulary.drug(drugQuery(prescription));
  const minutes = message.kind === 'refill' ? drug?.refillReadyMinutes : drug?.readyMinutes;
  const readyAt = minutes === undefined ? undefined : new Date(clock().getTime() + minutes * MINUTE_MS);
  return { receipt, readyAt };
}

/** A Task with what came of handing over: confirmation, acknowledgement, expected time. */
export function withHandover<T extends Task>(task: T, { receipt, readyAt }: Handover): T {
  const outputs: TaskOutput[] = [
    { type: taskCode('confirmation'), valueString: receipt.confirmationNumber },
    ...(receipt.acknowledgedAt === undefined
      ? []
      : [{ type: taskCode('acknowledged'), valueDateTime: receipt.acknowledgedAt.toISOString() }]),
  ];
  return {
    ...task,
    output: [...(task.output ?? []), ...outputs],
    ...(readyAt !== undefined && {
      extension: [...(task.extension ?? []), { url: ESTIMATED_READY, valueDateTime: readyAt.toISOString() }],
    }),
  };
}

/** A concept of CodeSystem/pharmacy-task. */
export function taskCode(code: string): { coding: { system: string; code: string }[] } {
  return { coding: [{ system: PHARMACY_TASK, code }] };
}

import type { PharmacyNetwork } from './network';

export interface SimulatorOptions {
  /** A number that is given once, of a named sequence. */
  nextNumber(sequence: string): Promise<number>;
  clock?: () => Date;
}

/**
 * A network without pharmacies behind it: it takes everything over and acknowledges at once, with confirmation numbers
 * of the form that the Dermifi document shows. For demonstrations and tests; nothing leaves the house.
 */
export function createPharmacySimulator({
  nextNumber,
  clock = () => new Date(),
}: SimulatorOptions): PharmacyNetwork {
  return {
    async transmit({ kind }) {
      const number = String(await nextNumber(`pharmacy-simulator-${kind}`)).padStart(6, '0');
      const confirmationNumber = kind === 'refill' ? `SURE-REF-${number}` : `SURESCRIPT-${number}`;
      return { confirmationNumber, acknowledgedAt: clock() };
    },
    notify: () => Promise.resolve(true),
  };
}

/** Who made or changed resources of the record, kept beside them as Provenance. https://hl7.org/fhir/R4/provenance.html */
import type { Practitioner, Provenance, Reference } from '@medplum/fhirtypes';

/** Who acts: a user, perhaps one that is a practitioner. */
export interface Actor {
  /** User id. */
  id: string;
  name: string;
  /** Practitioner id. */
  practitioner?: string;
  /** Organization id. */
  practice?: string;
}

/** Identifier system of users. */
const USER_SYSTEM = 'https://crosswalk.example/fhir/identifier/user';

/** The actor as a reference: the practitioner that the user is, else the user by its identifier. */
export function actorReference({
  id,
  name,
  practitioner,
}: Actor): Reference<Practitioner> & { display: string } {
  return {
    ...(practitioner !== undefined && { reference: `Practitioner/${practitioner}` }),
    type: 'Practitioner',
    identifier: { system: USER_SYSTEM, value: id },
    display: name,
  };
}

/** Id of the user that a reference names. */
export function userIn(reference: Reference | undefined): string | undefined {
  return reference?.identifier?.system === USER_SYSTEM ? reference.identifier.value : undefined;
}

export interface Act {
  /** References of what was written: `Patient/1`. */
  targets: readonly string[];
  activity: 'CREATE' | 'UPDATE' | 'DELETE';
  by: Actor;
  at: Date;
  /** Why, as the actor says. */
  reason?: string;
}

/** The Provenance of one act. */
export function provenanceOf({ targets, activity, by, at, reason }: Act): Provenance {
  return {
    resourceType: 'Provenance',
    target: targets.map((reference) => ({ reference })),
    recorded: at.toISOString(),
    activity: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-DataOperation', code: activity }],
    },
    ...(reason !== undefined && { reason: [{ text: reason }] }),
    agent: [
      {
        type: {
          coding: [
            { system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code: 'author' },
          ],
        },
        who: actorReference(by),
        ...(by.practice !== undefined && { onBehalfOf: { reference: `Organization/${by.practice}` } }),
      },
    ],
  };
}

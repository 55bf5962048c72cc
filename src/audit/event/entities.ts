/** What an access touched: the request, the patients, the resources, the query, the facts. */
import type { AuditEventEntity, Coding } from '@medplum/fhirtypes';
import type { AuditDraft } from '../draft';
import { ENTITY_ROLES, ENTITY_TYPES, RESOURCE_TYPES } from './codes';
import { cleaned } from './text';

/** Interactions whose BALP profile has a query for its system object; for the others it is the resource itself. */
const ASKING: ReadonlySet<AuditDraft['interaction']> = new Set([
  'search',
  'match',
  'history',
  'operation',
  'export',
]);

/** The entities of an access. Each patient once; the first resource is the one that the access was about. */
export function entitiesOf(draft: AuditDraft): AuditEventEntity[] {
  const asks = ASKING.has(draft.interaction);
  const resources = [...new Set(draft.resources)];
  const [main, ...others] = asks ? [undefined, ...resources] : resources;
  return [
    { type: ENTITY_TYPES.request, what: { identifier: { value: draft.requestId } } },
    ...[...new Set(draft.patients)].map(patientEntity),
    ...(main === undefined ? [] : [resourceEntity(main, ENTITY_TYPES.system)]),
    ...others.flatMap((reference) => (reference === undefined ? [] : [resourceEntity(reference)])),
    ...queryEntity(draft, asks),
    ...factsEntity(draft),
  ];
}

function patientEntity(id: string): AuditEventEntity {
  return { role: ENTITY_ROLES.patient, type: ENTITY_TYPES.person, what: { reference: `Patient/${id}` } };
}

/** A resource or version of one; what is no FHIR resource (a key, a webhook) by its identifier. */
function resourceEntity(reference: string, as?: Coding): AuditEventEntity {
  const code = /^([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/.exec(
    reference,
  )?.[1];
  const type = as ?? (code === undefined ? undefined : { code, system: RESOURCE_TYPES });
  return {
    role: ENTITY_ROLES.resource,
    ...(type === undefined ? {} : { type }),
    what: code === undefined ? { identifier: { value: cleaned(reference) } } : { reference },
  };
}

function queryEntity({ query, interaction }: AuditDraft, asks: boolean): AuditEventEntity[] {
  const text = cleaned(query ?? '') || (asks ? interaction : '');
  if (text === '') return [];
  return [
    {
      query: Buffer.from(text).toString('base64'),
      role: ENTITY_ROLES.query,
      // A system object of an access that asks is its query; elsewhere that type belongs to the resource.
      ...(asks ? { type: ENTITY_TYPES.system } : {}),
    },
  ];
}

function factsEntity({ details }: AuditDraft): AuditEventEntity[] {
  const detail = (details ?? [])
    .map(({ type, value }) => ({ type: cleaned(type), valueString: cleaned(value) }))
    .filter(({ type, valueString }) => type !== '' && valueString !== '');
  return detail.length === 0 ? [] : [{ detail, type: ENTITY_TYPES.facts }];
}

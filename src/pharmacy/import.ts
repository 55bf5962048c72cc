import type { Organization } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import { type Line, readTable } from '../tables';
import { NCPDP } from './pharmacy';

/** Columns of a file of pharmacies. docs/dermifi-orders.md */
const PHARMACY_COLUMNS = [
  'id',
  'name',
  'ncpdp_id',
  'street',
  'city',
  'state',
  'zip_code',
  'phone',
  'fax',
] as const;

/**
 * Reads pharmacies from CSV with a header.
 * @throws ProblemError invalid naming every line and column that cannot be used; nothing of such a file is imported.
 */
export function readPharmacies(text: string): (Organization & { id: string })[] {
  return readTable(text, PHARMACY_COLUMNS, ['name', 'ncpdp_id'], (line) => {
    if (!/^\d{7}$/.test(line.text('ncpdp_id'))) line.fault('ncpdp_id must be seven digits');
    if (!/^[A-Za-z0-9\-.]{0,64}$/.test(line.text('id'))) line.fault('id must be letters, digits, - and .');
    return organizationOf(line);
  });
}

function organizationOf({ text }: Line): Organization & { id: string } {
  const telecom = (['phone', 'fax'] as const).flatMap((system) =>
    text(system) === '' ? [] : [{ system, value: text(system) }],
  );
  const address = {
    ...(text('street') !== '' && { line: [text('street')] }),
    ...(text('city') !== '' && { city: text('city') }),
    ...(text('state') !== '' && { state: text('state') }),
    ...(text('zip_code') !== '' && { postalCode: text('zip_code') }),
  };
  return {
    resourceType: 'Organization',
    id: text('id') === '' ? stableId(text('ncpdp_id')) : text('id'),
    identifier: [{ system: NCPDP, value: text('ncpdp_id') }],
    active: true,
    type: [
      {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/organization-type', code: 'prov' }],
        text: 'Pharmacy',
      },
    ],
    name: text('name'),
    ...(telecom.length > 0 && { telecom }),
    ...(Object.keys(address).length > 0 && { address: [address] }),
  };
}

function stableId(ncpdpId: string): string {
  return `pharmacy-${createHash('sha256').update(ncpdpId).digest('hex').slice(0, 24)}`;
}

import type { ChargeItemDefinition, Duration, Extension, MedicationKnowledge } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import { CANONICAL_BASE } from '../fhir';
import { type Line, readTable } from '../tables';
import { NDC, READY_TIME, REFILL_READY_TIME, USUAL_DAYS_SUPPLY, USUAL_REFILLS } from './entry';

/** Columns of a formulary: drugs, tests and products with what one unit costs. docs/dermifi-orders.md */
const FORMULARY_COLUMNS = [
  ...[
    'kind',
    'name',
    'synonyms',
    'generic_name',
    'form',
    'size',
    'ndc',
    'manufacturer',
    'days_supply',
    'refills',
  ],
  ...['dea_schedule', 'ready_minutes', 'refill_ready_minutes', 'price', 'tax'],
] as const;

const KINDS = ['medication', 'lab', 'imaging', 'product'];

type Written = (MedicationKnowledge | ChargeItemDefinition) & { id: string };

/**
 * Reads a formulary from CSV with a header; synonyms are separated by semicolons, prices are US dollars a unit. An entry
 * of the same NDC or name has the same id: written again, it is replaced.
 * @throws ProblemError invalid naming every line and column that cannot be used; nothing of such a file is imported.
 */
export function readFormulary(text: string): Written[] {
  return readTable(text, FORMULARY_COLUMNS, ['kind', 'name'], (line) => {
    const kind = line.text('kind');
    if (!KINDS.includes(kind)) line.fault(`kind must be one of ${KINDS.join(', ')}`);
    if (kind === 'medication' && !/^\d{4,5}-\d{3,4}-\d{1,2}$/.test(line.text('ndc')))
      line.fault('ndc must be a National Drug Code');
    if (!/^(C(II|III|IV|V))?$/.test(line.text('dea_schedule')))
      line.fault('dea_schedule must be CII, CIII, CIV or CV');
    const fee = feeResource(line);
    return [...(kind === 'medication' ? [drugResource(line)] : []), ...(fee === undefined ? [] : [fee])];
  }).flat();
}

function drugResource(line: Line): MedicationKnowledge & { id: string } {
  const { text } = line;
  const synonyms = text('synonyms')
    .split(';')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const extension: Extension[] = [
    ...whole(USUAL_DAYS_SUPPLY, line.number('days_supply')),
    ...whole(USUAL_REFILLS, line.number('refills')),
    ...duration(READY_TIME, line.number('ready_minutes')),
    ...duration(REFILL_READY_TIME, line.number('refill_ready_minutes')),
  ];
  return {
    resourceType: 'MedicationKnowledge',
    id: `drug-${text('ndc')}`,
    ...(extension.length > 0 && { extension }),
    status: 'active',
    code: { coding: [{ system: NDC, code: text('ndc') }], text: text('name') },
    ...(synonyms.length > 0 && { synonym: synonyms }),
    ...(text('manufacturer') !== '' && { manufacturer: { display: text('manufacturer') } }),
    ...(text('form') !== '' && { doseForm: { text: text('form') } }),
    ...(text('generic_name') !== '' && {
      ingredient: [{ itemCodeableConcept: { text: text('generic_name') } }],
    }),
    ...(text('size') !== '' && { packaging: { type: { text: text('size') } } }),
    ...(text('dea_schedule') !== '' && {
      regulatory: [
        {
          regulatoryAuthority: { display: 'Drug Enforcement Administration' },
          schedule: [{ schedule: { text: text('dea_schedule') } }],
        },
      ],
    }),
  };
}

const whole = (url: string, value: number | undefined): Extension[] =>
  value === undefined ? [] : [{ url, valueUnsignedInt: value }];

function duration(url: string, minutes: number | undefined): Extension[] {
  if (minutes === undefined) return [];
  const valueDuration: Duration = {
    value: minutes,
    unit: 'min',
    system: 'http://unitsofmeasure.org',
    code: 'min',
  };
  return [{ url, valueDuration }];
}

/** Undefined when the line says no price: what is ordered of it then has no total. */
function feeResource(line: Line): (ChargeItemDefinition & { id: string }) | undefined {
  const { text } = line;
  const price = line.number('price');
  const tax = line.number('tax');
  if (price === undefined) return undefined;
  const ndc = text('ndc');
  const id =
    ndc === ''
      ? `fee-${createHash('sha256')
          .update(`${text('kind')} ${text('name').toLowerCase()}`)
          .digest('hex')
          .slice(0, 24)}`
      : `fee-${ndc}`;
  const extension = text('kind') === 'medication' ? [] : duration(READY_TIME, line.number('ready_minutes'));
  return {
    resourceType: 'ChargeItemDefinition',
    id,
    ...(extension.length > 0 && { extension }),
    url: `${CANONICAL_BASE}/ChargeItemDefinition/${id}`,
    ...(ndc !== '' && { identifier: [{ system: NDC, value: ndc }] }),
    title: text('name'),
    status: 'active',
    propertyGroup: [
      {
        priceComponent: [
          { type: 'base', amount: { value: price, currency: 'USD' } },
          ...(tax === undefined
            ? []
            : [{ type: 'tax' as const, amount: { value: tax, currency: 'USD' as const } }]),
        ],
      },
    ],
  };
}

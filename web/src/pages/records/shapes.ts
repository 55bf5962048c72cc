/** A value of a FHIR datatype, told by its fields: JSON does not name the type of a value. */
export type Fields = Readonly<Record<string, unknown>>;

export type Shape =
  | 'narrative'
  | 'concept'
  | 'coding'
  | 'quantity'
  | 'money'
  | 'range'
  | 'ratio'
  | 'period'
  | 'reference'
  | 'contact'
  | 'identifier'
  | 'name'
  | 'address'
  | 'attachment'
  | 'annotation';

interface Datatype {
  shape: Shape;
  /** All fields that the datatype has. */
  fields: readonly string[];
  /** At least one of these is there. */
  some: readonly string[];
  /** What else must hold where fields are shared. */
  holds?: (value: Fields) => boolean;
}

const CONTACT_SYSTEMS = ['phone', 'fax', 'email', 'pager', 'url', 'sms', 'other'];

/** https://hl7.org/fhir/R4/datatypes.html; the narrower ones first. */
const DATATYPES: readonly Datatype[] = [
  { shape: 'narrative', fields: ['status', 'div'], some: ['div'] },
  { shape: 'concept', fields: ['coding', 'text'], some: ['coding', 'text'] },
  {
    shape: 'coding',
    fields: ['system', 'version', 'code', 'display', 'userSelected'],
    some: ['code', 'display'],
  },
  { shape: 'money', fields: ['value', 'currency'], some: ['currency'] },
  {
    shape: 'quantity',
    fields: ['value', 'comparator', 'unit', 'system', 'code'],
    some: ['value', 'unit'],
    holds: ({ value }) => value === undefined || typeof value === 'number',
  },
  {
    shape: 'range',
    fields: ['low', 'high'],
    some: ['low', 'high'],
    holds: ({ low, high }) => isFields(low ?? high),
  },
  { shape: 'ratio', fields: ['numerator', 'denominator'], some: ['numerator'] },
  { shape: 'period', fields: ['start', 'end'], some: ['start', 'end'] },
  {
    shape: 'reference',
    fields: ['reference', 'type', 'identifier', 'display'],
    some: ['reference', 'identifier'],
    holds: ({ reference }) => reference === undefined || typeof reference === 'string',
  },
  {
    shape: 'contact',
    fields: ['system', 'value', 'use', 'rank', 'period'],
    some: ['value'],
    holds: ({ system }) => CONTACT_SYSTEMS.includes(String(system)),
  },
  {
    shape: 'identifier',
    fields: ['use', 'type', 'system', 'value', 'period', 'assigner'],
    some: ['value'],
    holds: ({ value }) => typeof value === 'string',
  },
  {
    shape: 'name',
    fields: ['use', 'text', 'family', 'given', 'prefix', 'suffix', 'period'],
    some: ['family', 'given'],
  },
  {
    shape: 'address',
    fields: ['use', 'type', 'text', 'line', 'city', 'district', 'state', 'postalCode', 'country', 'period'],
    some: ['line', 'city', 'state', 'postalCode', 'country'],
  },
  {
    shape: 'attachment',
    fields: ['contentType', 'language', 'data', 'url', 'size', 'hash', 'title', 'creation'],
    some: ['contentType', 'data'],
  },
  { shape: 'annotation', fields: ['authorReference', 'authorString', 'time', 'text'], some: ['text'] },
];

/** Ids of elements are plumbing; extensions are shown beside the value. */
const ASIDE = new Set(['id', 'extension']);

/** @returns undefined for a value that is no known datatype: a backbone element, an extension, a contained resource. */
export function shapeOf(value: Fields): Shape | undefined {
  const names = Object.keys(value).filter((name) => !ASIDE.has(name));
  return DATATYPES.find(
    ({ fields, some, holds }) =>
      some.some((name) => name in value) &&
      names.every((name) => fields.includes(name)) &&
      (holds === undefined || holds(value)),
  )?.shape;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `birthDate` as "Birth date", `valueCodeableConcept` as "Value". */
export function labelOf(name: string): string {
  const choice =
    /^(value|onset|effective|medication|deceased|multipleBirth|performed|occurrence)(?=[A-Z])/.exec(name);
  const words = (choice?.[0] ?? name)
    .replace(/^_+/, '')
    .replace(/-/g, ' ')
    .replace(
      /([a-z0-9])([A-Z])/g,
      (_all, before: string, after: string) => `${before} ${after.toLowerCase()}`,
    );
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The last part of a canonical, `patient-status` of `https://…/StructureDefinition/patient-status`. */
export function lastPart(url: string): string {
  return url.split(/[/#]/).at(-1) ?? url;
}

/** The words of a narrative. Its markup is never put into the page: it may come from anywhere. */
export function wordsOfNarrative(div: string): string {
  const parsed = new DOMParser().parseFromString(div, 'text/html');
  for (const block of parsed.querySelectorAll('p, div, li, tr, br, h1, h2, h3, h4')) block.append('\n');
  return (parsed.body.textContent ?? '')
    .replace(/[ \t]+/g, ' ')
    .replace(/\s*\n\s*/g, '\n')
    .trim();
}

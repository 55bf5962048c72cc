import { codeMapOf, conceptsOf, type Terminology } from './terminology';

/** Answer of a codec for a value it cannot take. */
export const REFUSED: unique symbol = Symbol('refused');

/** How one value is written in FHIR and in a vendor's API. Pure. */
export interface Codec {
  /** What a vendor value must be, for error texts: "must be <expected>". */
  expected: string;
  /** The FHIR value, or REFUSED. */
  toFhir(value: unknown): unknown;
  /** The vendor value; undefined when the FHIR value says nothing in the vendor's terms. */
  toVendor(value: unknown): unknown;
}

/** Makes a codec from the argument in its brackets: `map(risk-level)`. */
export type CodecMaker = (argument: string, terminology: Terminology) => Codec;

const same = (expected: string, accepts: (value: unknown) => boolean): CodecMaker => {
  return () => ({
    expected,
    toFhir: (value) => (accepts(value) ? value : REFUSED),
    toVendor: (value) => (accepts(value) ? value : undefined),
  });
};

const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0;
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const DATE = /^\d{4}-\d\d-\d\d$/;

/** Times in vendor APIs are UTC to the second, with Z. FHIR keeps the milliseconds. */
/** A time as both vendors write it: UTC, to the second. @param time valid */
export const toSecond = (time: string | number | Date): string =>
  `${new Date(time).toISOString().slice(0, 19)}Z`;

const instant: CodecMaker = () => ({
  expected: 'a time such as 2026-04-10T14:22:00Z',
  toFhir: (value) =>
    isText(value) && Number.isFinite(Date.parse(value)) ? new Date(value).toISOString() : REFUSED,
  toVendor: (value) => {
    const time = isText(value) ? Date.parse(value) : Number.NaN;
    return Number.isFinite(time) ? toSecond(time) : undefined;
  },
});

/** `map(name)`: codes by a ConceptMap of fhir-profiles/. */
const mapped: CodecMaker = (name, terminology) => {
  const { toFhir, toVendor } = codeMapOf(terminology.conceptMap(name));
  return {
    expected: `one of ${[...toFhir.keys()].join(', ')}`,
    toFhir: (value) => toFhir.get(String(value)) ?? REFUSED,
    toVendor: (value) => toVendor.get(String(value)),
  };
};

/**
 * `concept(code-system)`: a CodeableConcept. Text that is a code of the system, case aside, is coded; other text,
 * and a spelling of its own, is kept as text. A concept coded in other systems only says nothing.
 */
const concept: CodecMaker = (name, terminology) => {
  const system = terminology.codeSystem(name);
  const concepts = conceptsOf(system);
  return {
    expected: 'a text',
    toFhir: (value) => {
      if (!isText(value)) return REFUSED;
      const known = concepts.get(value.toLowerCase());
      if (known === undefined) return { text: value };
      const coding = [{ system: system.url, code: known.code, display: known.display }];
      return value === known.code ? { coding } : { coding, text: value };
    },
    toVendor: (value) => {
      const { coding, text } = value as { coding?: { system?: string; code?: string }[]; text?: string };
      const own = coding?.find((c) => c.system === system.url && c.code !== undefined);
      if (own === undefined) return coding === undefined ? text : undefined;
      return text !== undefined && concepts.get(text.toLowerCase())?.code === own.code ? text : own.code;
    },
  };
};

/** `flag(urgent asap stat / routine)`: true is the first code left of the stroke, false the first right of it. */
const flag: CodecMaker = (argument) => {
  const [yes = [], no = []] = argument.split('/').map((side) => side.trim().split(/\s+/));
  return {
    expected: 'true or false',
    toFhir: (value) => (value === true ? yes[0] : value === false ? no[0] : REFUSED),
    toVendor: (value) =>
      yes.includes(String(value)) ? true : no.includes(String(value)) ? false : undefined,
  };
};

/** `prefix(pat_)`: a vendor id is the FHIR id behind a prefix (mapping: ids). */
const prefixed: CodecMaker = (prefix) => ({
  expected: `an id that begins with ${prefix}`,
  toFhir: (value) => (isText(value) && value.startsWith(prefix) ? value.slice(prefix.length) : REFUSED),
  toVendor: (value) => (isText(value) ? prefix + value : undefined),
});

/** `reference(Practitioner prov_)`: a Reference as a prefixed vendor id. */
const reference: CodecMaker = (argument) => {
  const [type = '', prefix = ''] = argument.split(/\s+/);
  return {
    expected: `an id that begins with ${prefix}`,
    toFhir: (value) =>
      isText(value) && value.startsWith(prefix) ? `${type}/${value.slice(prefix.length)}` : REFUSED,
    toVendor: (value) =>
      isText(value) && value.startsWith(`${type}/`) ? prefix + value.slice(type.length + 1) : undefined,
  };
};

/** The codecs that every table may name. */
export const CODECS: Readonly<Record<string, CodecMaker>> = {
  string: same('a text', isText),
  boolean: same('true or false', (value) => typeof value === 'boolean'),
  integer: same('a whole number', (value) => Number.isSafeInteger(value)),
  decimal: same('a number', isNumber),
  date: same('a date (YYYY-MM-DD)', (value) => isText(value) && DATE.test(value)),
  instant,
  map: mapped,
  concept,
  flag,
  prefix: prefixed,
  reference,
};

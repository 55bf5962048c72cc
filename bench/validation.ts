/**
 * What FHIR itself costs, without server or store: parsing, validation (structure alone, and whole), the search
 * parameters of a Patient, and writing. Median and 95th percentile in microseconds of CPU-bound calls.
 * `npm run bench -- validation`
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';
import {
  compileTypedFhirPath,
  parseFhirJson,
  parseFhirXml,
  searchParametersOf,
  stringifyFhirJson,
  stringifyFhirXml,
  validateResource,
} from '../src/fhir';

const EXAMPLES = join(__dirname, '../test/fixtures/r4-examples');
const ROUNDS = 5_000;

interface Figure {
  what: string;
  medianMicros: number;
  p95Micros: number;
}

function measure(what: string, call: () => unknown): Figure {
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const start = process.hrtime.bigint();
    call();
    times.push(Number(process.hrtime.bigint() - start) / 1000);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => Math.round((times[Math.floor(times.length * share)] ?? 0) * 10) / 10;
  return { what, medianMicros: at(0.5), p95Micros: at(0.95) };
}

function figuresOf(file: string): Figure[] {
  const text = readFileSync(join(EXAMPLES, `${file}.json`), 'utf8');
  const resource: Resource = parseFhirJson(text);
  const xml = stringifyFhirXml(resource);
  const expressions = [...searchParametersOf(resource.resourceType).values()].flatMap(({ expression }) =>
    expression === undefined ? [] : [compileTypedFhirPath(expression)],
  );
  return [
    measure(`${file} JSON.parse`, () => JSON.parse(text) as unknown),
    measure(`${file} parseFhirJson`, () => parseFhirJson(text)),
    measure(`${file} stringifyFhirJson`, () => stringifyFhirJson(resource)),
    measure(`${file} validate, structure`, () => validateResource(resource, { structureOnly: true })),
    measure(`${file} validate, whole`, () => validateResource(resource)),
    measure(`${file} ${expressions.length} search parameters`, () =>
      expressions.map((evaluate) => evaluate(resource)),
    ),
    measure(`${file} parseFhirXml`, () => parseFhirXml(xml)),
    measure(`${file} stringifyFhirXml`, () => stringifyFhirXml(resource)),
  ];
}

/** Prints the figures as a table; `JSON.parse` is the measure of the machine. */
export function benchValidation(): void {
  console.table(['Patient-f001', 'Observation-656', 'MedicationRequest-medrx0311'].flatMap(figuresOf));
}

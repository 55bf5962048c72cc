import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  cloneResource,
  decimalsOf,
  parseFhirJson,
  parseJson,
  ProblemError,
  restoreDecimals,
  stringifyFhirJson,
} from '../../src/fhir';

const EXAMPLES = join(__dirname, '../fixtures/r4-examples');

const observation = (value: string): string =>
  `{"resourceType":"Observation","valueQuantity":{"value":${value}}}`;

describe('FHIR JSON', () => {
  test.each([
    '1.10',
    '1.0',
    '-0.00',
    '1e2',
    '1E+2',
    '1.5e-7',
    '0.0000001',
    '12345678901234567890.10',
    '100',
    '-0',
  ])('%s comes back as it was written', (literal) => {
    expect(stringifyFhirJson(parseFhirJson(observation(literal)))).toBe(observation(literal));
  });

  test('decimals survive spread, clone, lists and the store', () => {
    const text = '{"resourceType":"Basic","a":[1.0,{"b":2.50}],"c":{"d":[3.00,4]}}';
    const read = parseFhirJson(text);
    expect(stringifyFhirJson({ ...read })).toBe(text);
    expect(stringifyFhirJson(cloneResource(read))).toBe(text);
    const stored = JSON.parse(JSON.stringify(read)) as typeof read;
    expect(stringifyFhirJson(stored)).not.toBe(text);
    expect(stringifyFhirJson(restoreDecimals(stored, decimalsOf(read)))).toBe(text);
  });

  test('a changed number is written as it is now', () => {
    const read = parseFhirJson(observation('1.10')) as { valueQuantity?: { value?: number } };
    if (read.valueQuantity) read.valueQuantity.value = 2;
    expect(stringifyFhirJson(read)).toBe(observation('2'));
  });

  test('every official example comes back unchanged', () => {
    for (const name of readdirSync(EXAMPLES).filter((file) => file.endsWith('.json'))) {
      const text = readFileSync(join(EXAMPLES, name), 'utf8');
      const written = stringifyFhirJson(parseFhirJson(text));
      // Only white space may differ; every literal and key is the same, in the same order.
      const squeeze = (json: string): string =>
        json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_whole, string?: string) =>
          string === undefined ? '' : JSON.stringify(JSON.parse(string)),
        );
      expect([name, squeeze(written)]).toEqual([name, squeeze(text)]);
    }
  });

  test.each([
    ['not JSON', '{"resourceType":'],
    ['a list', '[]'],
    ['no resourceType', '{"a":1}'],
    ['a number out of range', '{"resourceType":"Basic","a":1e400}'],
    ['a repeated key', '{"resourceType":"Patient","id":"a","id":"b"}'],
    ['a repeated key beside a decimal', '{"resourceType":"Patient","id":"a","id":"a","x":1.0}'],
    ['a repeated key, escaped', '{"resourceType":"Patient","id":"a","\\u0069d":"b"}'],
    ['a number with a leading zero', '{"resourceType":"Basic","a":01.50}'],
    ['a number that ends with its point', '{"resourceType":"Basic","a":1.}'],
    ['a number that begins with its point', '{"resourceType":"Basic","a":.50}'],
    ['a number with a plus', '{"resourceType":"Basic","a":+1.0}'],
    ['a number without digits', '{"resourceType":"Basic","a":-}'],
    ['a number with an empty exponent', '{"resourceType":"Basic","a":1.0e}'],
    ['two points', '{"resourceType":"Basic","a":1.0.0}'],
    ['two numbers', '{"resourceType":"Basic","a":[1.0 2.0]}'],
    ['a number for a key', '{"resourceType":"Basic",1.0:2}'],
    ['__proto__', '{"resourceType":"Patient","__proto__":{"a":1}}'],
    ['__proto__ beside a decimal', '{"resourceType":"Patient","__proto__":{"a":1},"x":1.0}'],
    ['a depth bomb', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['a depth bomb of lists', '['.repeat(1_000_000)],
  ])('%s is refused with 400 and nothing of the body', (_what, text) => {
    expect(() => parseFhirJson(text)).toThrow(ProblemError);
    expect(() => parseFhirJson(text)).toThrow(expect.objectContaining({ status: 400 }));
  });

  test('any number literals come back as they were written, wherever they stand', () => {
    const digits = fc.stringMatching(/^\d{1,25}$/);
    const literal = fc
      .tuple(fc.constantFrom('', '-'), digits, fc.option(digits), fc.constantFrom('', 'e1', 'E-2', 'e+05'))
      .map(([sign, whole, part, exponent]) => {
        const fraction = part === null ? '' : `.${part}`;
        return `${sign}${whole.replace(/^0+(?=\d)/, '')}${fraction}${exponent}`;
      });
    fc.assert(
      fc.property(fc.array(literal), literal, fc.string(), (list, alone, text) => {
        const written = `{"list":[${list.join(',')}],${JSON.stringify(`k${text}`)}:${alone}}`;
        expect(stringifyFhirJson(parseJson(written))).toBe(written);
        expect(JSON.stringify(parseJson(written))).toBe(JSON.stringify(JSON.parse(written)));
      }),
    );
  });

  test('any JSON is read and written as JSON.parse and JSON.stringify do', () => {
    const plain = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'grapheme' }),
        fc.boolean(),
        fc.constant(null),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.array(tie('value')),
        fc.dictionary(
          fc.string().filter((key) => key !== '__proto__'),
          tie('value'),
          { noNullPrototype: true },
        ),
      ),
    })).value;
    fc.assert(
      fc.property(plain, fc.boolean(), (value, pretty) => {
        const text = JSON.stringify(value, undefined, pretty ? 2 : undefined);
        expect(stringifyFhirJson(parseJson(text), { pretty })).toBe(text);
      }),
    );
  });
});

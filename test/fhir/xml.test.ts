import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Patient } from '@medplum/fhirtypes';
import { decimalsOf, parseFhirJson, parseFhirXml, stringifyFhirXml } from '../../src/fhir';

const EXAMPLES = join(__dirname, '../fixtures/r4-examples');
const inNamespace = (body: string): string => `<Patient xmlns="http://hl7.org/fhir">${body}</Patient>`;

describe('FHIR XML', () => {
  test.each([false, true])('every official example survives JSON -> XML -> JSON (pretty: %s)', (pretty) => {
    for (const name of readdirSync(EXAMPLES).filter((file) => file.endsWith('.json'))) {
      const resource = parseFhirJson(readFileSync(join(EXAMPLES, name), 'utf8'));
      const read = parseFhirXml(stringifyFhirXml(resource, { pretty }));
      expect([name, read]).toEqual([name, resource]);
      const literals = (of: object): string[] =>
        decimalsOf(of)
          .map(({ path, text }) => `${path} ${text}`)
          .sort();
      expect([name, literals(read)]).toEqual([name, literals(resource)]);
    }
  });

  test('primitives, their extensions, lists with gaps, contained resources and narrative', () => {
    const patient: Patient & Record<string, unknown> = {
      resourceType: 'Patient',
      id: 'a',
      text: {
        status: 'generated',
        div: '<div xmlns="http://www.w3.org/1999/xhtml">a &lt; b <b class="x">&#169;</b> &amp; <br/></div>',
      },
      contained: [{ resourceType: 'Organization', id: 'o', name: 'O & "P" <Q>\n\tR' }],
      active: true,
      birthDate: '2000-01-01',
      _birthDate: { id: 'b', extension: [{ url: 'http://x.example/e', valueDecimal: 1.5 }] },
      name: [
        {
          given: ['A', null, 'C'] as string[],
          _given: [null, { extension: [{ url: 'http://x.example/f', valueCode: 'unknown' }] }, null],
        } as object,
      ],
      multipleBirthInteger: 2,
    };
    const xml = stringifyFhirXml(patient);
    expect(xml).toContain(
      '<birthDate id="b" value="2000-01-01"><extension url="http://x.example/e"><valueDecimal value="1.5"/></extension></birthDate>',
    );
    expect(xml).toContain(
      '<contained><Organization><id value="o"/><name value="O &amp; &quot;P&quot; &lt;Q&gt;&#10;&#9;R"/></Organization></contained>',
    );
    expect(xml.indexOf('<active')).toBeLessThan(xml.indexOf('<name>'));
    expect(parseFhirXml(xml)).toEqual({
      ...patient,
      name: [
        {
          given: ['A', null, 'C'],
          _given: [null, { extension: [{ url: 'http://x.example/f', valueCode: 'unknown' }] }],
        },
      ].map((name) => expect.objectContaining({ given: name.given })),
    });
  });

  test('what stands inside a narrative comes back as it was', () => {
    const inside = '<div>a<div/> <div class="x">b</div></div><!-- </div> --><p>c &#x2014; d</p>\n';
    const div = `<div xmlns="http://www.w3.org/1999/xhtml" xml:lang="en">${inside}</div>`;
    const patient: Patient = { resourceType: 'Patient', text: { status: 'additional', div } };
    for (const pretty of [true, false])
      expect(parseFhirXml(stringifyFhirXml(patient, { pretty }))).toEqual(patient);
    const named = {
      ...patient,
      text: { status: 'additional' as const, div: div.replace('&#x2014;', '&nbsp;&copy;') },
    };
    expect((parseFhirXml(stringifyFhirXml(named)) as Patient).text?.div).toContain('&#160;&#169;');
  });

  test('prefixes of namespaces mean what they are declared to be', () => {
    const xhtml = 'http://www.w3.org/1999/xhtml';
    const wanted = {
      resourceType: 'Patient',
      text: {
        status: 'generated',
        div: `<div xmlns="${xhtml}" class="a"><p>Ada <b title="x>y">Lovelace</b><br/></p><!-- h:p --><div>2</div></div>`,
      },
      contained: [{ resourceType: 'Organization', id: 'o', name: 'O' }],
      active: true,
      _active: { extension: [{ url: 'urn:e', valueCode: 'c' }] },
    };
    const body = (f: string, open: string, h: string, after = ''): string =>
      `<${f}text><${f}status value="generated"/><${h}div${open} class="a"><${h}p>Ada <${h}b title="x>y">Lovelace</${h}b>` +
      `<${h}br/></${h}p><!-- h:p --><${h}div>2</${h}div></${h}div></${f}text><${f}contained><${f}Organization>` +
      `<${f}id value="o"/><${f}name value="O"/></${f}Organization></${f}contained>${after}` +
      `<${f}active value="true"><${f}extension url="urn:e"><${f}valueCode value="c"/></${f}extension></${f}active>`;
    const fhir = 'http://hl7.org/fhir';
    for (const xml of [
      `<f:Patient xmlns:f="${fhir}">${body('f:', ` xmlns="${xhtml}"`, '')}</f:Patient>`,
      `<f:Patient xmlns:f="${fhir}" xmlns:h="${xhtml}">${body('f:', '', 'h:')}</f:Patient>`,
      `<f:Patient xmlns:f="${fhir}" xmlns="${xhtml}">${body('f:', '', '')}</f:Patient>`,
      `<Patient xmlns="${fhir}">${body('', ` xmlns:h-1="${xhtml}"`, 'h-1:')}</Patient>`,
      `<Patient xmlns='${fhir}' xmlns:x="urn:fhir" xmlns:s="http://www.w3.org/2001/XMLSchema-instance" s:schemaLocation="a b">${body('', ` xmlns:h="${xhtml}"`, 'h:')}</Patient>`,
    ])
      expect(parseFhirXml(xml)).toEqual(wanted);
  });

  test.each([
    ['another namespace under a prefix', '<f:Patient xmlns:f="urn:x"/>'],
    ['a prefix that is not declared', '<f:Patient xmlns="http://hl7.org/fhir"/>'],
    ['an element of another namespace', inNamespace('<active xmlns="urn:x" value="true"/>')],
    ['an element of another prefix', inNamespace('<x:active xmlns:x="urn:x" value="true"/>')],
    [
      'an element without the prefix',
      '<f:Patient xmlns:f="http://hl7.org/fhir"><active value="true"/></f:Patient>',
    ],
    [
      'a narrative of another namespace',
      inNamespace('<text><status value="empty"/><x:div xmlns:x="urn:x">a</x:div></text>'),
    ],
    [
      'a narrative whose prefix cannot be read',
      inNamespace(
        '<text><status value="empty"/><h.1:div xmlns:h.1="http://www.w3.org/1999/xhtml"><h.1:p>a</h.1:p></h.1:div></text>',
      ),
    ],
    [
      'something else within a narrative',
      inNamespace(
        '<text><status value="empty"/><h:div xmlns:h="http://www.w3.org/1999/xhtml"><p>a</p></h:div></text>',
      ),
    ],
  ])('%s is refused, and the namespace is named as the reason', (_what, xml) => {
    expect(() => parseFhirXml(xml)).toThrow(
      expect.objectContaining({ status: 400, message: expect.stringMatching(/namespace/) }),
    );
  });

  test.each([
    ['not XML', 'Patient'],
    ['an unclosed element', '<Patient xmlns="http://hl7.org/fhir"><active value="true">'],
    ['no namespace', '<Patient><active value="true"/></Patient>'],
    ['another namespace', '<Patient xmlns="urn:x"/>'],
    ['no resource', '<Nothing xmlns="http://hl7.org/fhir"/>'],
    ['an unknown element', inNamespace('<status value="x"/>')],
    ['an unknown attribute', inNamespace('<active value="true" onload="x"/>')],
    ['text', inNamespace('<active>true</active>')],
    ['a repeated element', inNamespace('<active value="true"/><active value="true"/>')],
    [
      'an external entity',
      `<!DOCTYPE Patient [<!ENTITY x SYSTEM "file:///etc/passwd">]>${inNamespace('<id value="&x;"/>')}`,
    ],
    [
      'an entity bomb',
      `<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${inNamespace('<id value="&b;"/>')}`,
    ],
    ['an undefined entity', inNamespace('<id value="&nbsp;"/>')],
    ['too deep', inNamespace(`${'<extension url="u">'.repeat(5000)}${'</extension>'.repeat(5000)}`)],
  ])('%s is refused with 400', (_what, xml) => {
    expect(() => parseFhirXml(xml)).toThrow(expect.objectContaining({ name: 'ProblemError', status: 400 }));
  });
});

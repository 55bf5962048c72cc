/**
 * Text that FHIR and the log can carry: without control characters (https://hl7.org/fhir/R4/datatypes.html#string)
 * and without halves of surrogate pairs, so that it has exactly one form in UTF-8 and in canonical JSON.
 */
export function cleaned(text: string): string {
  const wellFormed = text.replace(/\p{Surrogate}/gu, '\uFFFD');
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return wellFormed.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, ' ').trim();
}

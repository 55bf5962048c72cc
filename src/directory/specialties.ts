import { codeMapOf, profileTerminology } from '../mapping';

interface Range {
  first: string;
  last: string;
  specialties: readonly string[];
}

/** Ranges of ICD-10-CM categories of `ConceptMap/icd-10-cm-specialty`. */
const ranges: readonly Range[] = targetsByCode('icd-10-cm-specialty').map(({ code, specialties }) => {
  const [first = '', last = first] = code.split('-');
  return { first, last, specialties };
});

const byRisk = new Map(
  targetsByCode('risk-level-specialty').map(({ code, specialties }) => [code, specialties]),
);

function targetsByCode(map: string): { code: string; specialties: string[] }[] {
  const elements = (profileTerminology.conceptMap(map).group ?? []).flatMap((group) => group.element ?? []);
  return elements.map(({ code = '', target = [] }) => ({
    code,
    specialties: target.flatMap((t) => (t.code === undefined ? [] : [t.code])),
  }));
}

/** Specialties that a diagnosis (ICD-10-CM code) or a risk level calls for; empty without either. */
export function specialtiesFor(
  diagnosis: string | undefined,
  riskLevel: string | undefined,
): ReadonlySet<string> {
  const category = diagnosis?.slice(0, 3).toUpperCase();
  const called =
    category === undefined ? [] : ranges.filter(({ first, last }) => first <= category && category <= last);
  return new Set([...called.flatMap((range) => range.specialties), ...(byRisk.get(riskLevel ?? '') ?? [])]);
}

const displays = new Map(
  (profileTerminology.codeSystem('specialty').concept ?? []).map(({ code = '', display = code }) => [
    code,
    display,
  ]),
);
const codes = new Map(
  [...displays].flatMap(([code, display]) => [
    [code.toLowerCase(), code],
    [display.toLowerCase(), code],
  ]),
);

/** Code of a specialty given as its code or name, case aside; other text stays as it is. */
export function specialtyCode(text: string): string {
  return codes.get(text.trim().toLowerCase()) ?? text;
}

/** Name of a specialty to show. */
export function specialtyName(code: string): string {
  return displays.get(code) ?? code;
}

/** FHIR risk codes have their own map; this one names the levels that the API knows. */
export const RISK_LEVELS: readonly string[] = [
  ...codeMapOf(profileTerminology.conceptMap('risk-level')).toFhir.keys(),
];

const levels = (profileTerminology.codeSystem('level-of-care').concept ?? []).flatMap(
  ({ code }) => code ?? [],
);

/** Levels of care in the order of their code system. */
export const LEVELS_OF_CARE: readonly string[] = levels;

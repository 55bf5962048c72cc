/** Units of measure: UCUM codes brought to base units, so that 1 g finds 1000 mg. https://ucum.org */
import { UcumLhcUtils } from '@lhncbc/ucum-lhc';
import { round12 } from './numbers';

export const UCUM = 'http://unitsofmeasure.org';

/** How values of one unit become values of its dimension's base unit. */
export interface UnitConversion {
  /** Name of the dimension: equal for units that can be compared. */
  dimension: string;
  convert: (value: number) => number;
}

interface UcumUnit {
  isArbitrary_?: boolean;
  moleExp_?: number;
}

const CONVERSIONS = new Map<string, UnitConversion | undefined>();
const MAX_CONVERSIONS = 5_000;

/** Units of procedure-defined kind and annotations keep their own code: `{score}` is not `{beats}`, nor `[iU]` a number. */
function dimensionOf(code: string, unitToExp: Record<string, number>, unit: UcumUnit): string {
  const base = Object.entries(unitToExp)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, exponent]) => (exponent === 1 ? name : `${name}${exponent}`))
    .join('.');
  const annotation = (/\{[^}]*\}/.exec(code) ?? [''])[0];
  const arbitrary = unit.isArbitrary_ === true ? `[${code}]` : '';
  const moles = unit.moleExp_ ? `mol${unit.moleExp_}` : '';
  return [base, moles, annotation, arbitrary].filter((part) => part !== '').join('.') || '1';
}

function makeConversion(code: string): UnitConversion | undefined {
  const ucum = UcumLhcUtils.getInstance();
  const found = ucum.getSpecifiedUnit(code, 'validate') as { unit?: UcumUnit | null; origString?: string };
  const unit = found.unit;
  if (unit === undefined || unit === null) return undefined;
  const one = ucum.convertToBaseUnits(code, 1) as BaseUnits;
  if (one.status !== 'succeeded') return undefined;
  const dimension = dimensionOf(code, one.unitToExp, unit);
  if (one.fromUnitIsSpecial) {
    return {
      dimension,
      convert: (value) => round12((ucum.convertToBaseUnits(code, value) as BaseUnits).magnitude),
    };
  }
  const factor = one.magnitude;
  return { dimension, convert: (value) => round12(value * factor) };
}

interface BaseUnits {
  status: string;
  magnitude: number;
  unitToExp: Record<string, number>;
  fromUnitIsSpecial: boolean;
}

/** The conversion of a UCUM code; undefined when it is not one. Known conversions are kept. */
export function unitConversion(code: string): UnitConversion | undefined {
  if (CONVERSIONS.has(code)) return CONVERSIONS.get(code);
  if (CONVERSIONS.size >= MAX_CONVERSIONS) CONVERSIONS.clear();
  let made: UnitConversion | undefined;
  try {
    made = makeConversion(code);
  } catch {
    // The library throws on some texts that are no codes at all.
    made = undefined;
  }
  CONVERSIONS.set(code, made);
  return made;
}

/** The package ships no types; these are the parts we use. https://github.com/lhncbc/ucum-lhc */
declare module '@lhncbc/ucum-lhc' {
  interface Utils {
    getSpecifiedUnit(code: string, value: 'validate'): { unit?: unknown };
    convertToBaseUnits(code: string, value: number): unknown;
  }
  export const UcumLhcUtils: { getInstance(): Utils };
}

/** One step of a mapping path: an element, perhaps one slice of a list of them, perhaps all of them. */
export interface Step {
  name: string;
  /** The slice of the table (`coding(icd10)`) that an element of the list must match. */
  slice?: string;
  /** `first`: `[0]`; `any`: `[?]`, the first that can be read; `all`: `[*]`, one vendor value for each. */
  index?: 'first' | 'any' | 'all';
  /** The first step of a path names a bound resource, not an element. */
  root?: boolean;
}

const STEP = /^([A-Za-z][A-Za-z0-9]*)(?:\(([#a-zA-Z0-9-]+)\))?(?:\[([0*?])\])?$/;
const INDEX = { '0': 'first', '?': 'any', '*': 'all' } as const;

/**
 * Reads a path such as `sr.ext(risk-level).valueCodeableConcept.coding(riskProb).code`.
 * `ext(name)` is the element `extension` in the slice `ext:name`.
 * @throws Error naming the step that is not one; a fault of the table, met at start.
 */
export function parsePath(text: string): Step[] {
  return text.split('.').map((part) => {
    const match = STEP.exec(part);
    if (match === null) throw new Error(`"${part}" in "${text}" is not a step of a path`);
    const [, name = '', slice, index] = match;
    const step: Step = name === 'ext' ? { name: 'extension', slice: `ext:${slice ?? ''}` } : { name };
    if (name !== 'ext' && slice !== undefined) step.slice = slice;
    if (index !== undefined) step.index = INDEX[index as keyof typeof INDEX];
    return step;
  });
}

/** Composite values: `code$value`. https://hl7.org/fhir/R4/search.html#composite */
import { referenceText } from '../../extract/emit';
import { stringPart } from '../../extract/composite';
import { compositePrefix, compositeRangeKey, dimensionKey } from '../../entries';
import { anyOf, entry } from '../../matches';
import type { CompositeComponent } from '../../parameters/composite';
import type { Parameter } from '../../parameters/layout';
import type { Comparison, Match } from '../../types';
import { TAB, escapePattern, short, tokenText, uriText } from '../../values/text';
import { type ParseContext, report } from '../issues';
import { splitEscaped, unescape } from '../split';
import { type QuantityTest, parseDateTest, parseNumberTest, parseQuantityTests, rangeMatch } from './ordered';
import { parseToken } from './token';

/** One component of a value: texts that may stand in the key, or tests on a range. */
interface Component {
  texts?: readonly string[];
  /** Hash of a token's system; undefined when any will do. */
  system?: string | undefined;
  hasSystem?: boolean;
  isStart?: boolean;
  tests?: readonly QuantityTest[];
}

function tokenComponent(value: string, bare: boolean, context: ParseContext): Component | undefined {
  const { system, code } = parseToken(value);
  if (code === '')
    return report(context, 'Each code of a composite is needed; a system alone is not enough.');
  const known = system === undefined || bare ? undefined : short(system);
  return { texts: [tokenText(code)], system: known, hasSystem: true };
}

function referenceTexts(text: string, component: CompositeComponent, context: ParseContext): string[] {
  if (!/^[A-Za-z0-9\-.]{1,64}$/.test(text)) {
    const { baseUrl } = context;
    const relative =
      baseUrl !== undefined && text.startsWith(`${baseUrl}/`) ? text.slice(baseUrl.length + 1) : text;
    return [uriText(referenceText(relative) ?? relative)];
  }
  const targets = component.branches.flatMap((branch) => branch.targets ?? []);
  return [...new Set(targets)].map((type) => `${type}/${text}`);
}

function tested(test: QuantityTest | undefined): Component | undefined {
  return test && { tests: [test] };
}

function parseComponent(
  component: CompositeComponent,
  value: string,
  context: ParseContext,
): Component | undefined {
  switch (component.kind) {
    case 'token':
      return tokenComponent(value, component.bare, context);
    case 'quantity': {
      const tests = parseQuantityTests(value, context);
      return tests && { tests };
    }
    case 'date':
      return tested(parseDateTest(unescape(value), context));
    case 'number':
      return tested(parseNumberTest(unescape(value), context));
    case 'string':
      return { texts: [stringPart(unescape(value))], isStart: true };
    case 'reference':
      return { texts: referenceTexts(unescape(value), component, context) };
    case 'uri':
      return { texts: [uriText(unescape(value))] };
  }
}

function combinations(components: readonly Component[]): string[][] {
  return components.reduce<string[][]>(
    (tuples, { texts }) =>
      texts === undefined ? tuples : tuples.flatMap((tuple) => texts.map((text) => [...tuple, text])),
    [[]],
  );
}

/** Pattern behind the texts of a joined entry: the rest of a string, then the systems. */
function tailPattern(components: readonly Component[]): string {
  const open = components.at(-1)?.isStart === true ? `[^${TAB}]*` : '';
  const systems = components
    .filter(({ hasSystem }) => hasSystem)
    .map(({ system }) => (system === undefined ? '[^|]*' : escapePattern(system)));
  return `^${open}${TAB}${systems.join('\\|')}$`;
}

function joinedMatch(key: string, components: readonly Component[]): Match {
  const pattern = tailPattern(components);
  const isWhole = components.every(
    ({ isStart, hasSystem, system }) => !isStart && (!hasSystem || system !== undefined),
  );
  const systems = components.flatMap(({ hasSystem, system }) => (hasSystem ? [system ?? ''] : [])).join('|');
  return anyOf(
    combinations(components).map((texts): Match => {
      const joined = compositePrefix(key) + texts.join(TAB);
      return isWhole ? entry(joined + TAB + systems) : { kind: 'pattern', key: joined, pattern };
    }),
  );
}

/** The comparisons of the second ordered component, on the second pair of ends. */
function onSecond(test: QuantityTest): Comparison[][] {
  return test.any.map((alternative) =>
    alternative.map((comparison) => ({ ...comparison, end: comparison.end === 'l' ? 'l2' : 'h2' })),
  );
}

function bothTests(first: QuantityTest, second: QuantityTest | undefined): QuantityTest {
  if (second === undefined) return first;
  const any = first.any.flatMap((one) => onSecond(second).map((two) => [...one, ...two]));
  return { ...first, any };
}

function orderedMatch(key: string, components: readonly Component[]): Match {
  const [first, second] = components.filter(({ tests }) => tests !== undefined);
  const systems = components.filter(({ hasSystem }) => hasSystem);
  const isGiven = systems.length > 0 && systems.every(({ system }) => system !== undefined);
  const wanted = isGiven ? { systems: systems.map(({ system }) => system).join('|') } : {};
  return anyOf(
    combinations(components).flatMap((texts) =>
      (first?.tests ?? []).map((test) => {
        const { dimension, units, ...both } = bothTests(test, second?.tests?.[0]);
        const base = compositeRangeKey(key, texts);
        return rangeMatch(dimension === undefined ? base : dimensionKey(base, dimension), both, {
          ...wanted,
          ...(units === undefined ? {} : { units }),
        });
      }),
    ),
  );
}

/** A composite value without modifier: as many components as the parameter has. */
export function parseCompositeValue(
  parameter: Parameter,
  value: string,
  context: ParseContext,
): Match | undefined {
  const texts = splitEscaped(value, '$');
  const { form } = parameter;
  if (form === undefined || texts.length !== form.components.length)
    return report(context, `${parameter.components.length} values joined by $ are expected.`);
  const parsed = form.components.map((component, i) => parseComponent(component, texts[i] ?? '', context));
  const components = parsed.filter((component) => component !== undefined);
  if (components.length < parsed.length) return undefined;
  const isOrdered = components.some(({ tests }) => tests !== undefined);
  return anyOf(
    parameter.parts.map(({ key }) =>
      isOrdered ? orderedMatch(key, components) : joinedMatch(key, components),
    ),
  );
}

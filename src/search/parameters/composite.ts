/** Composite parameters: values that must lie in the same element. https://hl7.org/fhir/R4/search.html#composite */
import type { SearchParameter } from '@medplum/fhirtypes';
import { searchParameterByUrl } from '../../fhir';
import type { ParameterKind } from '../types';
import { type Branch, type Step, parseExpression } from './expression';

export interface CompositeComponent {
  kind: Exclude<ParameterKind, 'composite' | 'special'>;
  branches: readonly Branch[];
  /** True when the branches start at the resource (`%resource.x`) and not at the element. */
  fromResource: boolean;
  /** True when the values are of type code: they have no system of their own. */
  bare: boolean;
}

/** One kind of element that a composite looks at. */
export interface CompositeForm {
  steps: readonly Step[];
  components: readonly CompositeComponent[];
  signature: string;
}

const FITTING: Partial<Record<ParameterKind, ReadonlySet<string>>> = {
  reference: new Set(['Reference', 'canonical', 'uri']),
  token: new Set([
    'code',
    'Coding',
    'CodeableConcept',
    'Identifier',
    'ContactPoint',
    'boolean',
    'string',
    'uri',
    'id',
  ]),
};

const RESOURCE = '%resource.';

function parseComponent(
  expression: string,
  kind: CompositeComponent['kind'],
  type: string,
  element: string,
): CompositeComponent {
  const fromResource = expression.startsWith(RESOURCE);
  const text = fromResource ? expression.slice(RESOURCE.length) : expression;
  const { branches } = parseExpression(text, type, fromResource ? type : element);
  const fitting = FITTING[kind];
  const kept = fitting === undefined ? branches : branches.filter((branch) => fitting.has(branch.type));
  return {
    kind,
    branches: kept,
    fromResource,
    bare: kept.length > 0 && kept.every(({ type: t }) => t === 'code'),
  };
}

/**
 * A component by its expression; where that leads to values of another kind (R4 has the two of
 * DocumentReference.relationship crossed), by the definition it refers to.
 */
function componentOf(
  component: { definition?: string; expression?: string },
  type: string,
  root: Branch,
): CompositeComponent | undefined {
  const definition = searchParameterByUrl(component.definition ?? '');
  if (definition === undefined || definition.type === 'composite' || definition.type === 'special')
    return undefined;
  const kind = definition.type as CompositeComponent['kind'];
  const own = parseComponent(component.expression ?? '', kind, type, root.type);
  if (own.branches.length > 0) return own;
  const prefix = `${type}.${root.signature}.`;
  const { expression = '' } = definition;
  return expression.startsWith(prefix)
    ? parseComponent(expression.slice(prefix.length), kind, type, root.type)
    : own;
}

/** The elements of a composite parameter on one resource type, each with its components. */
export function compositeForms(definition: SearchParameter, type: string): CompositeForm[] {
  const { branches } = parseExpression(definition.expression ?? '', type);
  return branches.flatMap((root) => {
    const components = (definition.component ?? []).map((component) => componentOf(component, type, root));
    if (components.length < 2 || components.some((component) => component === undefined)) return [];
    const parts = components.filter((component) => component !== undefined);
    if (parts.some((part) => part.branches.length === 0)) return [];
    const signature = [
      root.signature,
      ...parts.map((part) => part.branches.map((b) => b.signature).join('|')),
    ];
    return [{ steps: root.steps, components: parts, signature: signature.join(' ') }];
  });
}

/** The general evaluator behind our compiler: loaded only when an expression needs it. */
import { createRequire } from 'node:module';
import { FhirPathError } from './scope';
import { FhirPathSyntaxError } from './tokens';
import { freeNode, type Node } from './nodes';

interface Library {
  compile: (
    expression: string,
    model: unknown,
  ) => (input: unknown, variables: Record<string, unknown>) => unknown;
}

/** Loading takes 150 ms and 15 MB, which most processes never need: so it waits for the first use. */
const requireLater = createRequire(__filename);

let library: { fhirpath: Library; model: unknown } | undefined;

function load(): { fhirpath: Library; model: unknown } {
  library ??= {
    fhirpath: requireLater('fhirpath') as Library,
    model: requireLater('fhirpath/fhir-context/r4') as unknown,
  };
  return library;
}

const nodeOf = (value: unknown): Node => {
  const type = typeof value === 'object' ? 'Element' : typeof value === 'number' ? 'decimal' : typeof value;
  return freeNode(value, type);
};

/** @throws FhirPathSyntaxError */
export function generalEvaluator(
  expression: string,
): (
  context: Node,
  resource: Node,
  root: Node,
  variables: Readonly<Record<string, unknown>>,
) => readonly Node[] {
  const { fhirpath, model } = load();
  let evaluate: ReturnType<Library['compile']>;
  try {
    evaluate = fhirpath.compile(expression, model);
  } catch {
    throw new FhirPathSyntaxError(`"${expression}" cannot be compiled`);
  }
  return (context, resource, root, variables) => {
    let result: unknown;
    try {
      result = evaluate(context.value, { ...variables, resource: resource.value, rootResource: root.value });
    } catch {
      throw new FhirPathError('The expression cannot be evaluated here');
    }
    return (Array.isArray(result) ? (result as unknown[]) : [result]).map(nodeOf);
  };
}

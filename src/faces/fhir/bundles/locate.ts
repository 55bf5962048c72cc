import { ProblemError } from '../../../fhir';

/** The same problem, told of its place in the bundle: `Bundle.entry[3].resource.name[0]`. */
export function locate(error: unknown, index: number): unknown {
  if (!(error instanceof ProblemError)) return error;
  const at = `Bundle.entry[${index}]`;
  const issues = error.issues.map((issue) => ({
    ...issue,
    expression: (issue.expression ?? ['']).map((path) =>
      path === '' ? at : `${at}.resource${path.replace(/^[^.[]+/, '')}`,
    ),
  }));
  return new ProblemError(error.code, `${at}: ${error.message}`, { issues, headers: error.headers });
}

/** Does the work on every entry; all entries that fail are named at once. */
export function forEveryEntry<T extends { index: number }>(
  items: readonly T[],
  work: (item: T) => void,
): void {
  const failed: ProblemError[] = [];
  for (const item of items) {
    try {
      work(item);
    } catch (error) {
      const located = locate(error, item.index);
      if (!(located instanceof ProblemError)) throw located;
      failed.push(located);
    }
  }
  const [first] = failed;
  if (first === undefined) return;
  throw new ProblemError(first.code, first.message, {
    issues: failed.flatMap((each) => each.issues),
    headers: first.headers,
  });
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** What CONTRIBUTING.md says of rooms, doors and arrows, of the sources as they are. */
const SRC = resolve(__dirname, '../src');

interface Import {
  from: string;
  to: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
const imports = files.flatMap((from) => importsOf(from));

function importsOf(from: string): Import[] {
  const text = readFileSync(join(SRC, from), 'utf8');
  const names = [...text.matchAll(/\b(?:from|import\(|require\()\s*'(\.[^']+)'/g)].map(
    ([, name = '']) => name,
  );
  return names.map((name) => {
    const target = resolve(SRC, dirname(from), name.replace(/\.js$/, ''));
    const path = existsSync(`${target}.ts`) ? `${target}.ts` : join(target, 'index.ts');
    return { from, to: relative(SRC, path) };
  });
}

/** A folder of `src/` or of `src/faces/`; a file that lies in `src/` itself is a room of its own. */
function roomOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'faces' ? `faces/${second}` : first;
}

const between = imports.filter(({ from, to }) => roomOf(from) !== roomOf(to));

test('every import leads to a file that is there', () => {
  expect(imports.length).toBeGreaterThan(1_000);
  expect(imports.filter(({ to }) => !existsSync(join(SRC, to)))).toEqual([]);
});

test('other rooms are entered by their door', () => {
  // The commands have no door: each group of them is loaded when it is asked for.
  const passed = between.filter(
    ({ from, to }) => from !== 'cli.ts' && ![roomOf(to), `${roomOf(to)}/index.ts`].includes(to),
  );
  expect(passed).toEqual([]);
});

test('services know nothing of those who call them', () => {
  const callers = /^(faces|http|contract|commands|demo|[a-z-]+\.ts)(\/|$)/;
  const up = between.filter(({ from, to }) => !callers.test(from) && callers.test(to));
  expect(up).toEqual([]);
});

test.each([
  ['fhir', []],
  ['search', ['fhir']],
  ['mapping', ['fhir']],
  ['store', ['fhir', 'search', 'telemetry']],
  ['embedded-mongo', []],
])('%s imports no other room than %j', (room, allowed: readonly string[]) => {
  const entered = new Set(between.filter(({ from }) => roomOf(from) === room).map(({ to }) => roomOf(to)));
  expect([...entered].filter((other) => !allowed.includes(other))).toEqual([]);
});

test('rooms import each other in no circle', () => {
  const below = new Map<string, Set<string>>();
  for (const { from, to } of between)
    below.set(roomOf(from), (below.get(roomOf(from)) ?? new Set()).add(roomOf(to)));
  const done = new Set<string>();
  const visit = (room: string, path: readonly string[]): void => {
    if (path.includes(room)) throw new Error([...path, room].join(' -> '));
    if (done.has(room)) return;
    for (const next of below.get(room) ?? []) visit(next, [...path, room]);
    done.add(room);
  };
  for (const room of below.keys()) visit(room, []);
});

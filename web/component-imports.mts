import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const LIBRARY = '@mantine/core';
const IMPORT = /import\s*\{([^}]*)\}\s*from\s*["']@mantine\/core["'];?/g;

/**
 * Imports each component from its own file. Through the library's index every component that any page uses would count
 * as part of the first load, whichever page it is for.
 */
export function componentImports(): Plugin {
  const index = fileURLToPath(import.meta.resolve(LIBRARY)).replace(
    /(esm|cjs)\/index\.\w+$/,
    'esm/index.mjs',
  );
  const files = filesIn(readFileSync(index, 'utf8'), dirname(index));
  return {
    name: 'component-imports',
    enforce: 'post',
    transform: (code) => {
      if (!code.includes(LIBRARY)) return null;
      return {
        code: code.replace(IMPORT, (whole, names: string) => importsOf(names, files) ?? whole),
        map: null,
      };
    },
  };
}

/** The file of each name that the index exports. */
function filesIn(index: string, folder: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const [, names = '', file = ''] of index.matchAll(/import \{ ([^}]+) \} from "(\.[^"]+)"/g))
    for (const name of names.split(', ')) if (!name.includes(' as ')) files.set(name, join(folder, file));
  return files;
}

/** Undefined when a name is not one of the index's plain ones: then the import stays as it is. */
function importsOf(names: string, files: ReadonlyMap<string, string>): string | undefined {
  const lines = names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((name) => {
      const file = files.get(name.split(' as ')[0] ?? '');
      return file === undefined ? undefined : `import { ${name} } from ${JSON.stringify(file)};`;
    });
  return lines.includes(undefined) ? undefined : lines.join('');
}

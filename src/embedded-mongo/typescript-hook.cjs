/* global __dirname */
/**
 * Lets a child process run this room's TypeScript sources (in tests, where there is no build). Compiled files are kept
 * by content in node_modules/.cache, so that only the first start after a change compiles anything.
 */
const { createHash } = require('node:crypto');
const { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');

const OPTIONS = {
  jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
};
const cache = join(__dirname, '../../node_modules/.cache/crosswalk-embedded-mongo');

Module._extensions['.ts'] = (module, filename) => {
  const source = readFileSync(filename, 'utf8');
  const digest = createHash('sha256').update(filename).update(source).digest('hex').slice(0, 32);
  const cached = join(cache, `${digest}.js`);
  if (!existsSync(cached))
    keep(cached, require('@swc/core').transformSync(source, { ...OPTIONS, filename }).code);
  module._compile(readFileSync(cached, 'utf8'), filename);
};

/** Several test workers may compile the same file at once: each writes its own and renames it. */
function keep(path, code) {
  mkdirSync(cache, { recursive: true });
  const own = `${path}.${process.pid}`;
  writeFileSync(own, code);
  renameSync(own, path);
}

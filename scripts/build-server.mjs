// The server: the FHIR definitions in compact form, then TypeScript into dist/.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const steps = [
  [join('scripts', 'build-definitions.mjs')],
  [join('node_modules', 'typescript-native', 'bin', 'tsc'), '-p', 'tsconfig.json'],
];
for (const step of steps) {
  const done = spawnSync(process.execPath, step, { cwd: root, stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

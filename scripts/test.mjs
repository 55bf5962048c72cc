// `npm test`: install and build when needed, then run the suite; arguments go on to jest.
import { spawnSync } from 'node:child_process';
import { ensureReady } from './ensure-built.mjs';

ensureReady();
const done = spawnSync(process.execPath, ['node_modules/jest/bin/jest.js', ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(done.status ?? 1);

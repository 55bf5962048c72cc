// `npm run build`: the server and the dashboard, both into dist/, whether or not a source changed.
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureReady } from './ensure-built.mjs';

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist');
for (const stamp of ['.crosswalk-build', '.crosswalk-web']) rmSync(join(dist, stamp), { force: true });
ensureReady({ web: true });

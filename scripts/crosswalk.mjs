// `npm run -s crosswalk -- <command>`: install and build when needed, then run the operator's command.
import { ensureReady } from './ensure-built.mjs';

ensureReady();
await import('../dist/cli.js');

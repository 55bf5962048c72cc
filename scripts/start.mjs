// `npm start`: install and build when needed, then run the server in this very process, so that signals reach it.
import { ensureReady } from './ensure-built.mjs';

ensureReady({ web: true });
await import('../dist/main.js');

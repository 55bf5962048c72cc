import { isBuilt, type RunningServer, startServer } from './server';

declare global {
  var crosswalkServer: RunningServer | undefined;
}

/** One server for all browser tests; they find it in the environment. */
export default async function setup(): Promise<void> {
  if (!isBuilt()) throw new Error('The dashboard is not built: npm run test:browser builds it first.');
  const server = await startServer();
  globalThis.crosswalkServer = server;
  process.env['CROSSWALK_BROWSER_TEST'] = JSON.stringify({
    url: server.url,
    credentials: server.credentials,
  });
}

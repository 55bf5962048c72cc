import { isBuilt, type RunningServer, startServer } from './server';

declare global {
  var crosswalkServers: RunningServer[] | undefined;
}

/** A server for each worker, which tests find in the environment: codes of second factors are good once. */
export default async function setup({ maxWorkers }: { maxWorkers: number }): Promise<void> {
  if (!isBuilt()) throw new Error('The dashboard is not built: npm run test:browser builds it first.');
  const servers = await Promise.all(Array.from({ length: maxWorkers }, () => startServer()));
  globalThis.crosswalkServers = servers;
  process.env['CROSSWALK_BROWSER_TEST'] = JSON.stringify(
    servers.map(({ url, credentials }) => ({ url, credentials })),
  );
}

import './setup';

export default async function teardown(): Promise<void> {
  for (const server of globalThis.crosswalkServers ?? []) await server.stop();
}

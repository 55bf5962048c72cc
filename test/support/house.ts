import type { Application } from 'express';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createApp } from '../../src/app';
import { readConfig } from '../../src/config';
import { openHouse, type House } from '../../src/house';
import { testDatabase } from './mongo';

/** Passwords are hashed at full cost where that is the matter: test/identity, and the server as it is started. */
const QUICK = { N: 2 ** 10, r: 8, p: 1 };

/** A whole house on a database of its own, with its HTTP application. */
export interface TestHouse {
  house: House;
  app: Application;
  close(): Promise<void>;
}

/**
 * Opens a house for a test file. `environment` is what an operator would set; FHIR authentication is on unless
 * it says otherwise. Delivery and sealing run as in the server.
 */
export async function testHouse(environment: Record<string, string> = {}, log?: Logger): Promise<TestHouse> {
  const database = await testDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), 'crosswalk-house-'));
  const config = readConfig({
    DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    MONGODB_URI: database.uri,
    ...environment,
  });
  const house = await openHouse(config, { passwordCost: QUICK, ...(log !== undefined && { log }) });
  house.audit.start();
  await house.notify.start();
  return {
    house,
    app: createApp(house),
    close: async () => {
      await house.close();
      await database.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the demonstration's users hold; made on the spot, printed once, kept in DATA_DIR (mode 0600). */
export interface DemoCredentials {
  handoffrx: {
    practice: string;
    practiceId: string;
    plan: string;
    apiKey: string;
    scopes: readonly string[];
    webhookSecret?: string;
  }[];
  dermifi: { email: string; password: string; totpSecret?: string; role: string }[];
  fhir: { clientId: string; clientSecret: string; scope: string }[];
  portal: { email: string; password: string; role: string }[];
}

const FILE = 'demo-credentials.json';

/** Where the credentials of the demonstration are kept: secrets, readable by the owner alone. */
export function credentialsFile(dataDir: string): string {
  return join(dataDir, FILE);
}

export function saveCredentials(dataDir: string, credentials: DemoCredentials): void {
  writeFileSync(credentialsFile(dataDir), `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
}

/** The credentials of an earlier seeding; undefined when there are none. */
export function loadCredentials(dataDir: string): DemoCredentials | undefined {
  try {
    return JSON.parse(readFileSync(credentialsFile(dataDir), 'utf8')) as DemoCredentials;
  } catch {
    return undefined;
  }
}

import type { Config } from './config';
import { credentialsFile, type DemoCredentials } from './demo';

/** What `npm start` prints: what to open, and commands to paste that run as printed. */
export function welcome(config: Config, credentials: DemoCredentials | undefined, isFresh: boolean): string {
  const { publicUrl } = config;
  const lines = [
    '',
    `  Crosswalk is running at ${publicUrl}`,
    '',
    '  Open',
    `    ${publicUrl}/                        the dashboard`,
    `    ${publicUrl}/docs                    the documentation`,
    `    ${publicUrl}/fhir/R4/metadata        what the FHIR endpoint does`,
    '',
  ];
  if (credentials !== undefined) lines.push(...tryThis(config, credentials));
  if (credentials !== undefined && isFresh) lines.push(...secrets(credentials));
  if (credentials !== undefined)
    lines.push(`  The demonstration's credentials are kept in ${credentialsFile(config.dataDir)}`, '');
  lines.push('  Ctrl-C stops the server.', '');
  return `${lines.join('\n')}\n`;
}

function tryThis(config: Config, { handoffrx, fhir }: DemoCredentials): string[] {
  const { publicUrl } = config;
  const [key] = handoffrx;
  const [client] = fhir;
  if (key === undefined || client === undefined) return [];
  const lines = [
    '  Try: send a referral through HandoffRx',
    `    curl -X POST ${publicUrl}/api/v1/referrals -H "Authorization: Bearer ${key.apiKey}" -H "Content-Type: application/json" -d '${EXAMPLE}'`,
    '',
    '  Try: see it through FHIR',
    `    curl "${publicUrl}/fhir/R4/ServiceRequest?patient.identifier=AZ123456789" -H "Authorization: Bearer $(curl -s -u ${client.clientId}:${client.clientSecret} -d grant_type=client_credentials ${publicUrl}/oauth2/token | node -p 'JSON.parse(require("fs").readFileSync(0)).access_token')"`,
    '',
    '  Try: export the audit of it, and verify it',
    `    ${environment(config)}npm run -s crosswalk -- audit export --out audit.json && npm run -s crosswalk -- audit verify audit.json`,
    '',
  ];
  return lines;
}

/** The documented example. HandoffRx, "POST /api/v1/referrals". */
const EXAMPLE = JSON.stringify({
  client_first: 'Maria',
  client_last: 'Hernandez',
  client_dob: '1985-03-15',
  client_ahcccs_id: 'AZ123456789',
  client_insurance: 'AHCCCS',
  sent_to_practice: 'Sonora Behavioral Health',
  service_needed: 'IOP - Substance Use',
  level_of_care: 'IOP',
  diagnosis: 'F10.20',
  risk_level: 'medium',
  is_urgent: false,
  clinical_justification:
    'Client meets ASAM criteria for IOP level of care. Motivated for treatment, stable housing, support system in place.',
});

/** Variables that a command needs to find this server's data, when they are not the defaults. */
function environment({ port, dataDir }: Config): string {
  const variables = [
    port === 8080 ? '' : `PORT=${port} `,
    process.env.DATA_DIR === undefined ? '' : `DATA_DIR=${quoted(dataDir)} `,
  ];
  return variables.join('');
}

function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function secrets({ handoffrx, dermifi, fhir, portal }: DemoCredentials): string[] {
  return [
    '  Made for this demonstration, shown this once',
    ...handoffrx.map(
      ({ practice, plan, apiKey, scopes }) =>
        `    HandoffRx key  ${apiKey}  ${practice}, ${plan}, ${scopes.join(' ')}`,
    ),
    ...dermifi.map(
      ({ email, password, totpSecret, role }) =>
        `    Dermifi user   ${email}  ${password}  ${role}${totpSecret === undefined ? '' : `, TOTP ${totpSecret}`}`,
    ),
    ...fhir.map(
      ({ clientId, clientSecret, scope }) => `    FHIR client    ${clientId}  ${clientSecret}  ${scope}`,
    ),
    ...portal.map(({ email, password, role }) => `    Portal user    ${email}  ${password}  ${role}`),
    '',
  ];
}

import type { House } from '../house';
import { saveCredentials, type DemoCredentials } from './credentials';
import { seedDermatology } from './dermatology';
import { seedDirectory } from './directory';
import { seedPharmacy } from './pharmacy';

export { credentialsFile, loadCredentials, type DemoCredentials } from './credentials';

const ALL_SCOPES = ['referrals:read', 'referrals:write', 'providers:read'] as const;

/** Keys of the demonstration: two practices that see everything, one on the Free plan, one that only reads. */
const KEYS = [
  { practice: 'Camelback Family Medicine', plan: 'Enterprise', scopes: ALL_SCOPES },
  { practice: 'Sonora Behavioral Health', plan: 'Enterprise', scopes: ALL_SCOPES },
  { practice: 'Prescott Primary Care', plan: 'Free', scopes: ALL_SCOPES },
  { practice: 'Camelback Family Medicine', plan: 'Enterprise', scopes: ['referrals:read'] },
] as const;

const DERMATOLOGY = 'Bay Area Dermatology';

const DERMIFI_USERS = [
  { email: 'provider@dermifi.example', name: 'Emily Johnson', role: 'provider', mfa: true },
  { email: 'staff@dermifi.example', name: 'Sam Rivera', role: 'staff', mfa: false },
  { email: 'admin@dermifi.example', name: 'Alex Kim', role: 'admin', mfa: false },
] as const;

const PORTAL_USERS = [
  { email: 'operator@crosswalk.example', name: 'Olivia Reed', role: 'operator' },
  {
    email: 'practice@crosswalk.example',
    name: 'Priya Shah',
    role: 'practice-admin',
    practice: 'Camelback Family Medicine',
  },
  {
    email: 'sonora@crosswalk.example',
    name: 'Marco Diaz',
    role: 'practice-admin',
    practice: 'Sonora Behavioral Health',
  },
  { email: 'compliance@crosswalk.example', name: 'Carmen Ortiz', role: 'compliance' },
] as const;

/** Whether nothing has been set up here yet: no practice, no key. */
export async function isEmpty({ identity }: House): Promise<boolean> {
  return (await identity.practices.list()).length === 0;
}

/** Seeds the demonstration and keeps its credentials; secrets are new for every seeding. */
export async function seedDemonstration(house: House): Promise<DemoCredentials> {
  const credentials: DemoCredentials = {
    handoffrx: await seedKeys(house),
    dermifi: await seedDermifiUsers(house),
    fhir: await seedClients(house),
    portal: await seedPortalUsers(house),
  };
  await seedDirectory(house);
  await seedPharmacy(house);
  saveCredentials(house.config.dataDir, credentials);
  return credentials;
}

async function seedKeys({ identity }: House): Promise<DemoCredentials['handoffrx']> {
  const made: DemoCredentials['handoffrx'] = [];
  for (const { practice: name, plan, scopes } of KEYS) {
    const practice = await identity.practices.create(name);
    const { apiKey } = await identity.keys.create({ practice: practice.id, plan, scopes });
    made.push({ practice: practice.name, practiceId: practice.id, plan, apiKey, scopes });
  }
  return made;
}

async function seedDermifiUsers(house: House): Promise<DemoCredentials['dermifi']> {
  const { identity } = house;
  const practice = await identity.practices.create(DERMATOLOGY);
  const practitioner = await seedDermatology(house, practice);
  return Promise.all(
    DERMIFI_USERS.map(async (user) => {
      const { email, password, totpSecret } = await identity.users.create({
        ...user,
        practice: practice.id,
        ...(user.role === 'provider' && { practitioner }),
      });
      return { email, password, ...(totpSecret !== undefined && { totpSecret }), role: user.role };
    }),
  );
}

async function seedClients({ identity }: House): Promise<DemoCredentials['fhir']> {
  const scope = 'system/*.*';
  const { clientId, clientSecret = '' } = await identity.clients.create({ name: 'Demonstration EHR', scope });
  return [{ clientId, clientSecret, scope }];
}

async function seedPortalUsers({ identity }: House): Promise<DemoCredentials['portal']> {
  return Promise.all(
    PORTAL_USERS.map(async (user) => {
      const { email, password } = await identity.users.create(user);
      return { email, password, role: user.role };
    }),
  );
}

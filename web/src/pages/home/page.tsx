import { Card, NavLink, SimpleGrid, ThemeIcon, Title } from '@mantine/core';
import type { User } from '../../api/session';
import { navigationFor } from '../../app/registry';
import { Link } from '../../app/link';
import { useUser } from '../../app/session';
import { Page } from '../../ui/page';
import { Figures } from './figures';

/** What each role comes here for. */
const LEADS: Readonly<Record<User['role'], string>> = {
  operator: 'The deployment at a glance: practices, keys, deliveries and health.',
  'practice-admin': 'Your practice’s referrals, and the keys and webhooks of its integrations.',
  compliance: 'Who saw what, and proof that nothing was removed.',
  admin: 'Your clinic’s record, schedule and referrals.',
  provider: 'Your patients, schedule, prescriptions and referrals.',
  staff: 'Patients, schedule and referrals of your clinic.',
  pharmacy: 'Prescriptions on their way to you.',
  'read-only': 'The record of your practice, to look at.',
};

/** The way to everything the user's role opens. */
export default function HomePage() {
  const user = useUser();
  const [first = user.name] = user.name.split(' ');
  return (
    <Page title={`Hello, ${first}`} lead={LEADS[user.role]}>
      <Figures user={user} />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        {navigationFor(user).map(({ group, pages }) => (
          <Card key={group} component="section" aria-label={group} padding="sm">
            <Title order={2} px="sm" pt={6} pb={4}>
              {group}
            </Title>
            {pages.map(({ path, title, nav: { icon: Icon, about } }) => (
              <NavLink
                key={path}
                component={Link}
                to={path}
                label={title}
                description={about}
                leftSection={
                  <ThemeIcon variant="light" size={36} aria-hidden>
                    <Icon size={20} stroke={1.6} />
                  </ThemeIcon>
                }
                styles={{ label: { fontWeight: 600 } }}
              />
            ))}
          </Card>
        ))}
      </SimpleGrid>
    </Page>
  );
}

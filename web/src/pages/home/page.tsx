import { Card, Group, SimpleGrid, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { type Icon, IconBook2 } from '@tabler/icons-react';
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
      {navigationFor(user).map(({ group, pages }) => (
        <Stack key={group} gap="sm" component="section" aria-label={group}>
          <Title order={2}>{group}</Title>
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
            {pages.map(({ path, title, nav: { icon: Icon, about } }) => (
              <Card key={path} component={Link} to={path} className="tile">
                <TileWords icon={Icon} title={title} about={about} />
              </Card>
            ))}
          </SimpleGrid>
        </Stack>
      ))}
      <Stack gap="sm" component="section" aria-label="Help">
        <Title order={2}>Help</Title>
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          <Card component="a" href="/docs" className="tile">
            <TileWords
              icon={IconBook2}
              title="Guides and API reference"
              about="Every endpoint of this server, with examples that carry its address."
            />
          </Card>
        </SimpleGrid>
      </Stack>
    </Page>
  );
}

/** An area, and what one does there. */
function TileWords({ icon: Icon, title, about }: { icon: Icon; title: string; about: string }) {
  return (
    <Group wrap="nowrap" align="flex-start">
      <ThemeIcon variant="light" size={38} aria-hidden>
        <Icon size={21} stroke={1.6} />
      </ThemeIcon>
      <div>
        <Text fw={600}>{title}</Text>
        <Text size="sm" c="dimmed">
          {about}
        </Text>
      </div>
    </Group>
  );
}

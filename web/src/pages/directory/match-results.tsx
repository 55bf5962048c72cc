import { Box, Button, Card, Group, Progress, Stack, Text, Title } from '@mantine/core';
import { type Match, type MatchInput, partsOf, type ScorePart, slotsOf } from '../../api/directory';
import { Link } from '../../app/link';
import { useUser } from '../../app/session';
import { referTo, Slots } from './slots';

/** The matches, the best first, each with the parts of its score. */
export function MatchResults({
  matches,
  input,
}: {
  matches: readonly Match[];
  input: MatchInput | undefined;
}) {
  return (
    <Stack component="section" aria-label="Providers that fit" gap="md">
      <Title order={2}>Providers that fit</Title>
      {matches.map((match, i) => (
        <MatchCard key={match.provider_id} match={match} rank={i + 1} input={input} />
      ))}
    </Stack>
  );
}

function MatchCard({ match, rank, input }: { match: Match; rank: number; input: MatchInput | undefined }) {
  const { scopes } = useUser();
  const { practice, county, facility_type, score } = match;
  const level = input?.level_of_care;
  const place = [facility_type, county === null ? null : `${county} County`].filter((part) => part !== null);
  return (
    <Card component="article" aria-label={practice}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div>
          <Title order={3}>
            {rank}. {practice}
          </Title>
          <Group gap="sm" mt={2}>
            <Text size="sm" c="dimmed">
              {place.join(', ')}
            </Text>
            <Slots slots={slotsOf(match)} />
          </Group>
        </div>
        <Text fz={30} fw={640} lh={1} style={{ fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }}>
          {score}
          <Text span size="sm" c="dimmed" fw={400}>
            {' '}
            of 100
          </Text>
        </Text>
      </Group>
      <Stack gap={6} mt="md" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
        {partsOf(match).map((part) => (
          <Part key={part.name} part={part} />
        ))}
      </Stack>
      {scopes.includes('referrals:write') && (
        <Group justify="flex-end" mt="md">
          <Button
            component={Link}
            to={referTo({ practice, ...(level !== undefined && { level }) })}
            state={prefillOf(input)}
            variant="light"
            aria-label={`Refer to this provider: ${practice}`}
          >
            Refer to this provider
          </Button>
        </Group>
      )}
    </Card>
  );
}

/** As wide as its weight: a full bar of 30 is longer than a full bar of 10. */
const HEAVIEST = 30;

function Part({ part: { name, points, most, reason } }: { part: ScorePart }) {
  return (
    <Group component="li" gap="sm" wrap="wrap" align="center">
      <Text size="sm" w={100}>
        {name}
      </Text>
      <Box w={150}>
        <Progress
          value={(points / most) * 100}
          w={`${(most / HEAVIEST) * 100}%`}
          size="lg"
          aria-label={`${name}: ${points} of ${most} points`}
        />
      </Box>
      <Text size="sm" w={64} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {points} of {most}
      </Text>
      <Text size="sm" c="dimmed" style={{ flex: '1 1 12rem' }}>
        {reason ?? 'does not fit, or is not known'}
      </Text>
    </Group>
  );
}

/** What is known of the client by now, for the form: it goes along with the navigation, not in the address. */
function prefillOf(input: MatchInput | undefined): object {
  const { diagnosis, risk_level, insurance } = input ?? {};
  return {
    ...(diagnosis !== undefined && { diagnosis }),
    ...(risk_level !== undefined && { risk_level }),
    ...(insurance !== undefined && { client_insurance: insurance }),
  };
}

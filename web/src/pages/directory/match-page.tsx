import { Autocomplete, Button, Card, Group, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { IconTargetArrow } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { findMatches, type MatchInput } from '../../api/directory';
import { faultsOf, LEVELS, RISKS } from '../../api/referrals';
import { AnyOf } from '../../ui/any-of';
import { Page } from '../../ui/page';
import { Empty, Failure } from '../../ui/states';
import { useAction } from '../../ui/use-action';
import { MatchResults } from './match-results';

/** Health plans that the directory names most; any other may be typed. */
const PLANS = [
  'AHCCCS',
  'Aetna',
  'Banner',
  'Blue Cross Blue Shield of Arizona',
  'Cigna',
  'Medicare',
  'Mercy Care',
];

export default function MatchPage() {
  const [input, setInput] = useState<Required<MatchInput>>({
    level_of_care: '',
    insurance: '',
    diagnosis: '',
    risk_level: '',
  });
  const match = useAction({ mutationFn: findMatches });
  const faults = faultsOf(match.error);
  const set = (changed: Partial<MatchInput>): void => setInput({ ...input, ...changed });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    match.mutate(given(input));
  };
  return (
    <Page
      title="Match"
      lead="Which providers fit clinically: facility type, insurance, free places, specialty and rating, and nothing else. Every match is audited with its inputs, scores and reasons."
    >
      <Card component="form" onSubmit={submit} aria-label="What the client needs">
        <Stack>
          <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} style={{ alignItems: 'start' }}>
            <Select
              label="Level of care"
              required
              data={[...LEVELS]}
              value={input.level_of_care === '' ? null : input.level_of_care}
              onChange={(level) => set({ level_of_care: level ?? '' })}
              error={faults['level_of_care']}
            />
            <Autocomplete
              label="Insurance"
              data={PLANS}
              value={input.insurance}
              onChange={(insurance) => set({ insurance })}
              error={faults['insurance']}
            />
            <TextInput
              label="Diagnosis"
              placeholder="F10.20"
              value={input.diagnosis}
              onChange={({ currentTarget: { value } }) => set({ diagnosis: value.toUpperCase() })}
              error={faults['diagnosis']}
            />
            <AnyOf
              label="Risk level"
              none="Not said"
              data={[...RISKS]}
              value={input.risk_level}
              onChange={(risk_level) => set({ risk_level })}
              error={faults['risk_level']}
            />
          </SimpleGrid>
          {match.isError && Object.keys(faults).length === 0 && <Failure error={match.error} />}
          <Group justify="flex-end">
            <Button
              type="submit"
              leftSection={<IconTargetArrow size={17} />}
              loading={match.isPending}
              disabled={input.level_of_care === ''}
            >
              Find providers
            </Button>
          </Group>
        </Stack>
      </Card>
      {match.data === undefined ? (
        <Text size="sm" c="dimmed">
          Say at least the level of care. Names of clients are not asked for, and not used.
        </Text>
      ) : match.data.length === 0 ? (
        <Empty icon={IconTargetArrow} title="No provider fits">
          None that accepts clients offers any of this. Try another level of care.
        </Empty>
      ) : (
        <MatchResults matches={match.data} input={match.variables} />
      )}
    </Page>
  );
}

function given({ level_of_care, ...optional }: Required<MatchInput>): MatchInput {
  const told = Object.entries(optional).filter(([, value]) => value.trim() !== '');
  return { level_of_care, ...Object.fromEntries(told) };
}

import { Autocomplete, Checkbox, Select, SimpleGrid, Stack, Textarea, TextInput, Title } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useInfiniteQuery } from '@tanstack/react-query';
import { providersQuery } from '../../api/directory';
import { LEVELS, RISKS } from '../../api/referrals';
import type { Draft } from './draft';

interface FieldsProps {
  form: UseFormReturnType<Draft>;
}

/** Mantine counts empty texts of a Select as "nothing chosen". */
const CHOICES = { clearable: true, clearButtonProps: { 'aria-label': 'Choose none' } } as const;

export function ClientFields({ form }: FieldsProps) {
  const field = (name: keyof Draft) => ({ key: form.key(name), ...form.getInputProps(name) });
  return (
    <Stack>
      <Title order={2}>Client</Title>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput
          label="First name"
          required
          autoComplete="off"
          maxLength={200}
          {...field('client_first')}
        />
        <TextInput label="Last name" required autoComplete="off" maxLength={200} {...field('client_last')} />
        <TextInput label="Date of birth" type="date" {...field('client_dob')} />
        <TextInput label="AHCCCS id" autoComplete="off" maxLength={64} {...field('client_ahcccs_id')} />
        <TextInput label="Insurance" placeholder="AHCCCS" maxLength={200} {...field('client_insurance')} />
      </SimpleGrid>
    </Stack>
  );
}

export function CareFields({ form }: FieldsProps) {
  const field = (name: keyof Draft) => ({ key: form.key(name), ...form.getInputProps(name) });
  return (
    <Stack>
      <Title order={2}>Care</Title>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Autocomplete
          label="Send to"
          description="A practice of the directory, or any other by its name."
          required
          maxLength={200}
          data={usePractices()}
          limit={30}
          {...field('sent_to_practice')}
        />
        <TextInput
          label="Service needed"
          description="For example: IOP - Substance Use."
          required
          maxLength={500}
          {...field('service_needed')}
        />
        <Select label="Level of care" required data={[...LEVELS]} {...field('level_of_care')} />
        <TextInput label="Diagnosis" placeholder="F10.20" maxLength={8} {...field('diagnosis')} />
        <Select label="Risk level" data={[...RISKS]} {...CHOICES} {...field('risk_level')} />
      </SimpleGrid>
      <Checkbox
        label="Urgent"
        key={form.key('is_urgent')}
        {...form.getInputProps('is_urgent', { type: 'checkbox' })}
      />
    </Stack>
  );
}

export function JustificationFields({ form }: FieldsProps) {
  return (
    <Stack>
      <Title order={2}>Justification</Title>
      <Textarea
        label="Clinical justification"
        description="Why this referral is clinically indicated (ARS 36-2212)."
        required
        autosize
        minRows={4}
        maxLength={10_000}
        key={form.key('clinical_justification')}
        {...form.getInputProps('clinical_justification')}
      />
    </Stack>
  );
}

/** Names of the directory's practices, each once; typing another one is fine too. */
function usePractices(): string[] {
  const providers = useInfiniteQuery(providersQuery({}));
  const names = (providers.data?.pages ?? []).flatMap(({ data }) => data.map(({ practice }) => practice));
  return [...new Set(names)];
}

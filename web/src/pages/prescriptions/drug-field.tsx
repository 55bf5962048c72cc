import { Autocomplete, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { UseFormReturnType } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Drug, drugsQuery } from '../../api/formulary';
import { type Draft, withDrug } from './draft';

const TYPING_MS = 200;

/** A drug of the formulary, which fills what it knows in; or any other by its name. */
export function DrugField({ form }: { form: UseFormReturnType<Draft> }) {
  const { name } = form.values.medication;
  const [chosen, setChosen] = useState<Drug>();
  const [search] = useDebouncedValue(name.trim(), TYPING_MS);
  const drugs = useQuery(drugsQuery(chosen === undefined ? search : ''));
  const found = chosen === undefined && name.trim() !== '' ? (drugs.data ?? []) : [];
  const pick = (drug: Drug): void => {
    setChosen(drug);
    form.setValues(withDrug(form.getValues(), drug));
    form.clearErrors();
  };
  const type = (typed: string): void => {
    setChosen(undefined);
    form.setFieldValue('medication.ndcCode', '');
    form.setFieldValue('medication.name', typed);
  };
  // A choice is told as the text of its option.
  const change = (text: string): void => {
    const drug = found.find((each) => labelOf(each) === text);
    if (drug !== undefined) pick(drug);
    else if (text !== name) type(text);
  };
  return (
    <>
      <div>
        <Autocomplete
          label="Medication"
          description="From the formulary, or any other by its name."
          required
          maxLength={200}
          data={found.map(labelOf)}
          filter={({ options }) => options}
          limit={30}
          {...form.getInputProps('medication.name')}
          onChange={change}
        />
        {chosen !== undefined && (
          <Text size="sm" c="dimmed" mt={6} role="status">
            {factsOf(chosen)}
          </Text>
        )}
      </div>
      {chosen === undefined && (
        <>
          <TextInput
            label="Strength"
            description="Where the name does not say it."
            placeholder="100mg"
            maxLength={100}
            {...form.getInputProps('medication.strength')}
          />
          <TextInput
            label="Form"
            description="Where the name does not say it."
            placeholder="capsule"
            maxLength={100}
            {...form.getInputProps('medication.form')}
          />
        </>
      )}
    </>
  );
}

function labelOf({ name, size }: Drug): string {
  return size === undefined ? name : `${name}, ${size}`;
}

function factsOf({ genericName, manufacturer, ndc, schedule }: Drug): string {
  const facts = [genericName, manufacturer, `NDC ${ndc}`].filter((fact) => fact !== undefined);
  return facts.join(', ') + (schedule === undefined ? '' : `. Controlled: schedule ${schedule}`);
}

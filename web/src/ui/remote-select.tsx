import { Select, type SelectProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';

export interface Choice {
  value: string;
  label: string;
}

interface RemoteSelectProps extends Omit<SelectProps, 'data' | 'searchable' | 'onChange' | 'error'> {
  /** A hook that asks the server for what begins so. */
  useChoices: (typed: string) => UseQueryResult<readonly Choice[]>;
  onChange: (value: string | null) => void;
  error?: React.ReactNode;
}

const TYPING_MS = 250;

/** Chooses one of very many: the server looks, while somebody types. */
export function RemoteSelect({ useChoices, onChange, error, ...rest }: RemoteSelectProps) {
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState<Choice>();
  // What stands in the field after a choice is its label, and nothing to look for.
  const [search] = useDebouncedValue(typed === chosen?.label ? '' : typed.trim(), TYPING_MS);
  const found = useChoices(search);
  const others = (found.data ?? []).filter(({ value }) => value !== chosen?.value);
  return (
    <Select
      {...rest}
      searchable
      data={chosen === undefined ? others : [chosen, ...others]}
      filter={({ options }) => options}
      searchValue={typed}
      onSearchChange={setTyped}
      onChange={(value) => {
        setChosen(found.data?.find((each) => each.value === value));
        onChange(value);
      }}
      error={error ?? found.error?.message}
      nothingFoundMessage={found.isFetching ? 'Looking…' : 'Nothing found'}
      selectFirstOptionOnChange
    />
  );
}

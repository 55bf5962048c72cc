import { Group, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useState } from 'react';
import { NO_FILTER, type TrailFilter } from '../../api/audit';
import { AnyOf } from '../../ui/any-of';
import { useAddress } from '../../ui/address';
import { ACTIONS, OUTCOMES } from './describe';

const NAMES = Object.keys(NO_FILTER) as (keyof TrailFilter)[];
const TYPING_MS = 400;

/** The filter in the page's address: a link leads to the same events. */
export function useTrailFilter(): [TrailFilter, (changed: Partial<TrailFilter>) => void] {
  const [search, change] = useAddress();
  const filter = Object.fromEntries(
    NAMES.map((name) => [name, search.get(name) ?? '']),
  ) as unknown as TrailFilter;
  return [filter, change];
}

const TEXTS = {
  patient: { label: 'Patient', placeholder: 'Id', width: 124 },
  user: { label: 'User, key or client', placeholder: 'E-mail, id or name', width: 172 },
  referral: { label: 'Referral', placeholder: 'Id', width: 124 },
} as const;

interface TrailFilterBarProps {
  filter: TrailFilter;
  onChange: (changed: Partial<TrailFilter>) => void;
  /** Which filters make sense here. */
  fields?: readonly (keyof TrailFilter)[];
}

export function TrailFilterBar({ filter, onChange, fields = NAMES }: TrailFilterBarProps) {
  return (
    <Group align="flex-end" gap="xs" role="search" aria-label="Filters">
      {fields.map((name) => (
        <Field key={name} name={name} filter={filter} onChange={onChange} />
      ))}
    </Group>
  );
}

function Field({
  name,
  filter,
  onChange,
}: Omit<TrailFilterBarProps, 'fields'> & { name: keyof TrailFilter }) {
  const value = filter[name];
  const set = (next: string): void => onChange({ [name]: next });
  if (name === 'from' || name === 'to')
    return (
      <TextInput
        label={name === 'from' ? 'From' : 'To'}
        type="date"
        value={value}
        onChange={({ currentTarget }) => set(currentTarget.value)}
        w={{ base: '47%', xs: 138 }}
      />
    );
  if (name === 'action' || name === 'outcome') {
    const names = name === 'action' ? ACTIONS : OUTCOMES;
    return (
      <AnyOf
        label={name === 'action' ? 'Action' : 'Outcome'}
        data={Object.entries(names).map(([code, label]) => ({ value: code, label }))}
        value={value}
        onChange={set}
        w={{ base: '47%', xs: 112 }}
      />
    );
  }
  return <TypedField {...TEXTS[name]} value={value} onChange={set} />;
}

interface TypedFieldProps {
  label: string;
  placeholder: string;
  /** Pixels, where there is room. */
  width: number;
  value: string;
  onChange: (value: string) => void;
}

/** Asks a moment after the last key. */
function TypedField({ label, placeholder, width, value, onChange }: TypedFieldProps) {
  const [typed, setTyped] = useState(value);
  const tell = useDebouncedCallback((text: string) => onChange(text.trim()), TYPING_MS);
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={typed}
      onChange={({ currentTarget }) => {
        setTyped(currentTarget.value);
        tell(currentTarget.value);
      }}
      w={{ base: '100%', xs: width }}
    />
  );
}

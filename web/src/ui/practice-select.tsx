import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { practicesQuery } from '../api/practices';

/** Operators say which practice something is for. */
export function PracticeSelect({
  value,
  onChange,
  error,
}: {
  value: string | null;
  onChange: (id: string | null) => void;
  error: string | undefined;
}) {
  const practices = useQuery(practicesQuery);
  return (
    <Select
      label="Practice"
      placeholder="Choose a practice"
      required
      searchable
      data={(practices.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
      value={value}
      onChange={onChange}
      error={error ?? practices.error?.message}
    />
  );
}

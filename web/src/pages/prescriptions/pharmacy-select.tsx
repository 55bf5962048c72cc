import { useQuery } from '@tanstack/react-query';
import { pharmaciesQuery } from '../../api/formulary';
import { RemoteSelect } from '../../ui/remote-select';

interface PharmacySelectProps {
  label: string;
  description?: string;
  placeholder?: string;
  required?: boolean;
  value?: string;
  onChange: (id: string) => void;
  error?: React.ReactNode;
}

/** A pharmacy of the directory, found by the beginning of its name. */
export function PharmacySelect({ value, onChange, ...rest }: PharmacySelectProps) {
  return (
    <RemoteSelect
      {...rest}
      useChoices={usePharmacies}
      value={value === undefined || value === '' ? null : value}
      onChange={(id) => onChange(id ?? '')}
      clearable={rest.required !== true}
      clearButtonProps={{ 'aria-label': 'No pharmacy' }}
    />
  );
}

function usePharmacies(typed: string) {
  return useQuery({
    ...pharmaciesQuery(typed),
    select: (found) =>
      found.map(({ id, name, address }) => ({
        value: id,
        label: address === '' ? name : `${name}, ${address}`,
      })),
  });
}

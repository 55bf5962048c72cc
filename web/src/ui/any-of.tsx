import { Select, type SelectProps } from '@mantine/core';

interface AnyOfProps extends Pick<SelectProps, 'data' | 'searchable' | 'w' | 'error'> {
  label: string;
  /** What choosing none means. */
  none?: string;
  /** Empty for none. */
  value: string;
  onChange: (value: string) => void;
}

/** One of several, or none of them: a filter that does not have to narrow. */
export function AnyOf({ label, none = `Any ${label.toLowerCase()}`, value, onChange, ...rest }: AnyOfProps) {
  return (
    <Select
      {...rest}
      label={label}
      placeholder={none.startsWith('Any ') ? 'Any' : none}
      clearable
      clearButtonProps={{ 'aria-label': none }}
      value={value === '' ? null : value}
      onChange={(chosen) => onChange(chosen ?? '')}
    />
  );
}

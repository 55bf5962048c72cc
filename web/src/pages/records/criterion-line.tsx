import { ActionIcon, NativeSelect, Text, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useId } from 'react';
import type { SearchParameter } from '../../api/fhir';
import { comparedBy, comparisonOf, comparisonsOf, type Criterion, EXAMPLES } from './criteria';

interface CriterionLineProps {
  criterion: Criterion;
  parameter: SearchParameter;
  /** What the parameter means. */
  words: string;
  fault: string | undefined;
  onChange: (criterion: Criterion) => void;
  onLeaveOut: () => void;
}

const PRESENCE = [
  { value: '', label: 'does not matter' },
  { value: 'true', label: 'is missing' },
  { value: 'false', label: 'is there' },
];

/** One parameter of a search in one row: its name, how it compares, and its value. */
export function CriterionLine(props: CriterionLineProps) {
  const { criterion, parameter, words, fault, onChange, onLeaveOut } = props;
  const { name, modifier, value } = criterion;
  const id = useId();
  const field = {
    id,
    value,
    error: fault,
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) =>
      onChange({ ...criterion, value: currentTarget.value }),
  };
  return (
    <div className="criterion">
      <Text component="label" htmlFor={id} size="sm" className="mono" fw={600} title={words}>
        {name}
      </Text>
      <NativeSelect
        aria-label={`Comparison of ${name}`}
        data={comparisonsOf(parameter)}
        value={comparisonOf(criterion)}
        onChange={({ currentTarget }) => onChange(comparedBy(criterion, currentTarget.value))}
      />
      {modifier === 'missing' ? (
        <NativeSelect {...field} data={PRESENCE} />
      ) : (
        <TextInput {...field} placeholder={EXAMPLES[parameter.type]} autoComplete="off" />
      )}
      <ActionIcon
        size={36}
        variant="subtle"
        color="gray"
        aria-label={`Leave out ${name}`}
        onClick={onLeaveOut}
      >
        <IconX size={17} />
      </ActionIcon>
    </div>
  );
}

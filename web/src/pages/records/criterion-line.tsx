import { Box, Group, NativeSelect, TextInput } from '@mantine/core';
import type { SearchParameter } from '../../api/fhir';
import { type Criterion, EXAMPLES, modifiersOf, prefixesOf } from './criteria';

interface CriterionLineProps {
  criterion: Criterion;
  parameter: SearchParameter;
  /** What the parameter means. */
  words: string;
  fault: string | undefined;
  onChange: (criterion: Criterion) => void;
}

/** One parameter of a search: its modifier or prefix, and its value. */
export function CriterionLine({ criterion, parameter, words, fault, onChange }: CriterionLineProps) {
  const { name, modifier, prefix, value } = criterion;
  const modifiers = modifiersOf(parameter);
  const prefixes = prefixesOf(parameter);
  const isPresence = modifier === 'missing';
  return (
    <Box flex={1} miw={0}>
      <Group gap="xs" align="flex-start">
        {modifiers.length > 0 && (
          <NativeSelect
            label="Modifier"
            aria-label={`Modifier of ${name}`}
            w={118}
            data={[
              { value: '', label: 'none' },
              ...modifiers.map((each) => ({ value: each, label: `:${each}` })),
            ]}
            value={modifier}
            onChange={({ currentTarget }) =>
              onChange({
                ...criterion,
                modifier: currentTarget.value,
                value: (currentTarget.value === 'missing') === isPresence ? value : '',
              })
            }
          />
        )}
        {prefixes.length > 0 && !isPresence && (
          <NativeSelect
            label="Comparison"
            aria-label={`Comparison of ${name}`}
            w={150}
            data={prefixes}
            value={prefix}
            onChange={({ currentTarget }) => onChange({ ...criterion, prefix: currentTarget.value })}
          />
        )}
        {isPresence ? (
          <NativeSelect
            label={name}
            description={fault === undefined ? words : undefined}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            flex={1}
            miw={160}
            data={[
              { value: '', label: 'does not matter' },
              { value: 'true', label: 'is missing' },
              { value: 'false', label: 'is there' },
            ]}
            value={value}
            onChange={({ currentTarget }) => onChange({ ...criterion, value: currentTarget.value })}
            error={fault}
          />
        ) : (
          <TextInput
            label={name}
            description={fault === undefined ? words : undefined}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            flex={1}
            miw={160}
            placeholder={EXAMPLES[parameter.type]}
            value={value}
            onChange={({ currentTarget }) => onChange({ ...criterion, value: currentTarget.value })}
            error={fault}
            autoComplete="off"
          />
        )}
      </Group>
    </Box>
  );
}

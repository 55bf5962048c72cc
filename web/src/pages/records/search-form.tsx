import './records.css';
import { Button, Card, Group, MultiSelect, NativeSelect, Select, SimpleGrid, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconChevronUp, IconPlus, IconSearch } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { ApiError } from '../../api/client';
import type { TypeAbility } from '../../api/fhir';
import { Failure } from '../../ui/states';
import { CriterionLine } from './criterion-line';
import { COUNTS, criterion, type Criterion, type Draft, wordsFor } from './criteria';

interface SearchFormProps {
  ability: TypeAbility;
  draft: Draft;
  onChange: (draft: Draft) => void;
  onSubmit: () => void;
  isBusy: boolean;
  /** What the server refused; faults of a parameter stand at its line. */
  error: Error | null;
}

/** The search form of a type, made of its parameters in the CapabilityStatement. */
export function SearchForm({ ability, draft, onChange, onSubmit, isBusy, error }: SearchFormProps) {
  const { type, parameters } = ability;
  const faults = error instanceof ApiError ? error.fields : {};
  const isElsewhere = error !== null && !draft.criteria.some((each) => faultOf(faults, each) !== undefined);
  const setCriteria = (criteria: readonly Criterion[]): void => onChange({ ...draft, criteria });
  const add = (name: string): void => {
    const key = Math.max(-1, ...draft.criteria.map((each) => each.key)) + 1;
    setCriteria([...draft.criteria, criterion(name, key)]);
  };
  const [areShown, { toggle }] = useDisclosure(draft.sort !== '' || draft.includes.length > 0);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Card component="form" onSubmit={submit} aria-label={`Search ${type}`} role="search">
      <Stack gap="sm">
        {draft.criteria.map((each) => {
          const parameter = parameters.find(({ name }) => name === each.name);
          if (parameter === undefined) return null;
          return (
            <CriterionLine
              key={each.key}
              criterion={each}
              parameter={parameter}
              words={wordsFor(type, parameter)}
              fault={faultOf(faults, each)}
              onChange={(next) =>
                setCriteria(draft.criteria.map((other) => (other.key === next.key ? next : other)))
              }
              onLeaveOut={() => setCriteria(draft.criteria.filter(({ key }) => key !== each.key))}
            />
          );
        })}
        {areShown && <ResultChoices ability={ability} draft={draft} onChange={onChange} />}
        {isElsewhere && <Failure error={error} />}
        <Group gap="xs">
          <AddParameter ability={ability} onAdd={add} />
          <Button
            variant="subtle"
            onClick={toggle}
            aria-expanded={areShown}
            rightSection={areShown ? <IconChevronUp size={16} /> : <IconChevronDown size={16} />}
          >
            Order and results
          </Button>
          <Button type="submit" leftSection={<IconSearch size={17} />} loading={isBusy} ml="auto">
            Search
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}

/** The outcome names a parameter with or without its modifier. */
function faultOf(
  faults: Readonly<Record<string, string>>,
  { name, modifier }: Criterion,
): string | undefined {
  return faults[`http.${name}:${modifier}`] ?? faults[`http.${name}`];
}

function AddParameter({ ability, onAdd }: { ability: TypeAbility; onAdd: (name: string) => void }) {
  const { parameters, type } = ability;
  // A new key empties the field after each choice.
  const [added, setAdded] = useState(0);
  return (
    <Select
      key={added}
      aria-label="Another parameter"
      placeholder={`Add one of ${parameters.length} parameters`}
      searchable
      w={{ base: '100%', xs: 270 }}
      leftSection={<IconPlus size={16} />}
      data={parameters.map(({ name }) => name)}
      value={null}
      onChange={(name) => {
        if (name === null) return;
        onAdd(name);
        setAdded(added + 1);
      }}
      renderOption={({ option }) => {
        const parameter = parameters.find(({ name }) => name === option.value);
        if (parameter === undefined) return option.label;
        return (
          <div>
            <span className="mono">{parameter.name}</span>{' '}
            <small>
              {parameter.type}
              {parameter.documentation !== undefined && ` · ${wordsFor(type, parameter).slice(0, 90)}`}
            </small>
          </div>
        );
      }}
    />
  );
}

/** Parameters whose order has no meaning. */
const UNSORTABLE = new Set(['special', 'composite']);

function ResultChoices({
  ability: { parameters, includes },
  draft,
  onChange,
}: Pick<SearchFormProps, 'ability' | 'draft' | 'onChange'>) {
  const sortable = parameters.filter(({ type }) => !UNSORTABLE.has(type)).map(({ name }) => name);
  const column = draft.sort.replace(/^-/, '');
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
      <Select
        label="Sort by"
        placeholder="As the server likes"
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'Clear the order' }}
        data={sortable}
        value={column === '' ? null : column}
        onChange={(name) => onChange({ ...draft, sort: name ?? '' })}
      />
      <NativeSelect
        label="Order"
        disabled={column === ''}
        data={[
          { value: '', label: 'Ascending' },
          { value: '-', label: 'Descending' },
        ]}
        value={draft.sort.startsWith('-') ? '-' : ''}
        onChange={({ currentTarget }) => onChange({ ...draft, sort: currentTarget.value + column })}
      />
      <NativeSelect
        label="Results a page"
        data={COUNTS}
        value={draft.count}
        onChange={({ currentTarget }) => onChange({ ...draft, count: currentTarget.value })}
      />
      <MultiSelect
        label="Bring along"
        placeholder={draft.includes.length === 0 ? 'What they refer to' : undefined}
        searchable
        data={[...includes]}
        value={[...draft.includes]}
        onChange={(chosen) => onChange({ ...draft, includes: chosen })}
      />
    </SimpleGrid>
  );
}

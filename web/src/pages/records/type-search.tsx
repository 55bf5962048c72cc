import { Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { FHIR, searchQuery, type TypeAbility } from '../../api/fhir';
import { type Draft, emptyDraft, pathOf } from './criteria';
import { SearchResults } from './results';
import { SearchForm } from './search-form';

/** A form as it was left, and the page of results that was shown. */
interface Remembered {
  draft: Draft;
  asked: string | undefined;
}

/**
 * Search of one type. What was asked stays in memory, and leaves it with the session: criteria name patients, so they
 * have no place in the address.
 */
export function TypeSearch({ ability }: { ability: TypeAbility }) {
  const { type, parameters } = ability;
  const queries = useQueryClient();
  const memory = [...FHIR, 'form', type];
  const [remembered, setRemembered] = useState<Remembered>(
    () => queries.getQueryData<Remembered>(memory) ?? { draft: emptyDraft(parameters), asked: undefined },
  );
  const { draft, asked } = remembered;
  const change = (next: Remembered): void => {
    setRemembered(next);
    queries.setQueryDefaults(memory, { gcTime: Infinity });
    queries.setQueryData(memory, next);
  };
  const search = useQuery({ ...searchQuery(asked ?? ''), enabled: asked !== undefined });
  const submit = (): void => {
    const path = pathOf(type, draft);
    if (path === asked) void search.refetch();
    else change({ draft, asked: path });
  };
  return (
    <Stack gap="lg">
      <SearchForm
        ability={ability}
        draft={draft}
        onChange={(next) => change({ draft: next, asked })}
        onSubmit={submit}
        isBusy={search.isFetching}
        error={search.error}
      />
      {asked !== undefined && (
        <SearchResults path={asked} search={search} onPage={(path) => change({ draft, asked: path })} />
      )}
    </Stack>
  );
}

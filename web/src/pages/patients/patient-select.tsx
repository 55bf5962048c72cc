import { useQuery } from '@tanstack/react-query';
import { patientsQuery } from '../../api/patients';
import { RemoteSelect } from '../../ui/remote-select';
import { nameFrom } from '../../ui/words';

/** An active patient of the practice, found as on the list: by the beginnings of name, e-mail or phone. */
export function PatientSelect({ onChange }: { onChange: (id: string) => void }) {
  return (
    <RemoteSelect
      label="Patient"
      description="By name, e-mail or phone: the beginnings of words are enough."
      placeholder="Doe, john.doe@…, 555 123"
      useChoices={usePatients}
      onChange={(id) => id !== null && onChange(id)}
      autoComplete="off"
    />
  );
}

function usePatients(search: string) {
  return useQuery({
    ...patientsQuery({ search, status: 'active', sortBy: 'lastName', order: 'asc', page: 1 }),
    select: ({ rows }) =>
      rows.map(({ id, lastName, firstName, dateOfBirth }) => ({
        value: id,
        label: `${nameFrom([lastName, firstName], ', ')}${dateOfBirth === null ? '' : `, born ${dateOfBirth}`}`,
      })),
  });
}

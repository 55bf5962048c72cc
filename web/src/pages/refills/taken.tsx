import { Alert, Button, Group, Stack } from '@mantine/core';

/** Somebody else decided, or the prescription changed, while this one was looked at. */
export function Taken({ message, onClose }: { message: string; onClose: () => void }) {
  return (
    <Stack>
      <Alert role="alert" color="orange" title="It was decided in the meantime">
        {message} Nothing was changed by you.
      </Alert>
      <Group justify="flex-end">
        <Button onClick={onClose}>Back to the list</Button>
      </Group>
    </Stack>
  );
}

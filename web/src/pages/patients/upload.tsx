import { FileInput, Image, Modal, NativeSelect, Progress, Stack, Text, TextInput } from '@mantine/core';
import { IconPhotoUp } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { ApiError } from '../../api/client';
import { photosOf, uploadPhoto } from '../../api/photos';
import { FormEnd } from '../../ui/form-end';
import { useAction } from '../../ui/use-action';
import { bodyPartOf } from './body-part';

interface UploadDialogProps {
  patientId: string;
  opened: boolean;
  onClose: () => void;
}

export function UploadDialog({ patientId, opened, onClose }: UploadDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="Upload a photo" closeOnClickOutside={false}>
      <UploadForm patientId={patientId} onClose={onClose} />
    </Modal>
  );
}

const TYPES = [
  { value: 'lesion', label: 'Lesion' },
  { value: 'before', label: 'Before treatment' },
  { value: 'after', label: 'After treatment' },
  { value: 'wound', label: 'Wound' },
  { value: 'overview', label: 'Overview' },
];
const MEGABYTE = 1024 * 1024;
/** The server takes no more (docs/dermifi.md). */
const MOST_BYTES = 25 * MEGABYTE;

function UploadForm({ patientId, onClose }: Omit<UploadDialogProps, 'opened'>) {
  const queries = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [type, setType] = useState('lesion');
  const [bodyPart, setBodyPart] = useState('');
  const [description, setDescription] = useState('');
  const [share, setShare] = useState(0);
  const isTooLarge = file !== null && file.size > MOST_BYTES;
  const sending = useAction({
    mutationFn: (photo: File) =>
      uploadPhoto(patientId, { file: photo, type, bodyPart: bodyPartOf(bodyPart), description }, setShare),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: photosOf(patientId) });
      onClose();
    },
  });
  const fields = sending.error instanceof ApiError ? sending.error.fields : {};
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setShare(0);
    if (file !== null) sending.mutate(file);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <FileInput
          label="Photo"
          placeholder="Choose a file"
          accept="image/jpeg,image/png,image/webp,image/heic,.heic"
          leftSection={<IconPhotoUp size={17} />}
          value={file}
          onChange={setFile}
          required
          error={isTooLarge ? 'At most 25 MB' : fields['photo']}
          data-autofocus
        />
        {file !== null && <Preview file={file} />}
        <NativeSelect
          label="Kind"
          data={TYPES}
          value={type}
          onChange={({ currentTarget }) => setType(currentTarget.value)}
        />
        <TextInput
          label="Part of the body"
          placeholder="Left forearm"
          value={bodyPart}
          onChange={({ currentTarget }) => setBodyPart(currentTarget.value)}
          error={fields['bodyPart']}
        />
        <TextInput
          label="What it shows"
          placeholder="Pigmented lesion, 8 mm"
          value={description}
          onChange={({ currentTarget }) => setDescription(currentTarget.value)}
          error={fields['description']}
        />
        {sending.isPending && (
          <div>
            <Text size="sm" mb={4} role="status">
              {share < 1 ? `Sending, ${Math.round(share * 100)} percent` : 'Sent; the server is preparing it'}
            </Text>
            <Progress value={share * 100} aria-label="Sent" animated={share >= 1} />
          </div>
        )}
        <FormEnd
          verb="Upload"
          isBusy={sending.isPending}
          disabled={file === null || isTooLarge}
          error={sending.error}
          onCancel={onClose}
        />
      </Stack>
    </form>
  );
}

/** The chosen file, before anything leaves; browsers cannot show HEIC. */
function Preview({ file }: { file: File }) {
  const [url, setUrl] = useState<string>();
  const [isUnseen, setUnseen] = useState(false);
  useEffect(() => {
    const made = URL.createObjectURL(file);
    setUrl(made);
    setUnseen(false);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return (
    <div>
      {isUnseen ? (
        <Text size="sm">The browser cannot show this kind of file. It is converted on the way in.</Text>
      ) : (
        <Image src={url} mah={220} fit="contain" radius="md" alt="Preview" onError={() => setUnseen(true)} />
      )}
      <Text size="sm" c="dimmed" mt={4}>
        {sizeOf(file.size)}
      </Text>
    </div>
  );
}

function sizeOf(bytes: number): string {
  return bytes < MEGABYTE ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / MEGABYTE).toFixed(1)} MB`;
}

import {
  Button,
  Card,
  Group,
  Image,
  Modal,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  UnstyledButton,
} from '@mantine/core';
import { useDebouncedValue, useDisclosure } from '@mantine/hooks';
import { IconPhoto, IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Photo, photosQuery } from '../../api/photos';
import { mayWrite } from '../../app/rights';
import { useUser } from '../../app/session';
import { Fact, Facts } from '../../ui/facts';
import { Await, Empty } from '../../ui/states';
import { Time } from '../../ui/time';
import { wordsOf } from '../../ui/words';
import { bodyPartOf } from './body-part';
import { UploadDialog } from './upload';

const TYPING_MS = 250;

/** Photos by their thumbnails, newest first; the whole one in a dialog. */
export function Photos({ patientId }: { patientId: string }) {
  const user = useUser();
  const [typed, setTyped] = useState('');
  const [bodyPart] = useDebouncedValue(bodyPartOf(typed), TYPING_MS);
  const photos = useQuery(photosQuery(patientId, { type: '', bodyPart }));
  const [isUploading, { open, close }] = useDisclosure(false);
  const [shown, setShown] = useState<Photo>();
  const add = mayWrite(user) ? (
    <Button leftSection={<IconUpload size={17} />} onClick={open}>
      Upload a photo
    </Button>
  ) : undefined;
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <TextInput
          label="Part of the body"
          placeholder="Left forearm"
          value={typed}
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        {add}
      </Group>
      <Await query={photos}>
        {({ photos: all, total }) =>
          all.length === 0 ? (
            <Empty icon={IconPhoto} title={bodyPart === '' ? 'No photos yet' : 'No photos of this part'}>
              JPEG, PNG, WebP or HEIC. Where it was taken and with what is cut out of the file.
            </Empty>
          ) : (
            <>
              <Text size="sm" role="status">
                {total > all.length
                  ? `The newest ${all.length} of ${total} photos`
                  : `${total} ${total === 1 ? 'photo' : 'photos'}`}
              </Text>
              <SimpleGrid
                cols={{ base: 2, sm: 3, lg: 5 }}
                component="ul"
                p={0}
                m={0}
                style={{ listStyle: 'none' }}
              >
                {all.map((photo) => (
                  <li key={photo.id}>
                    <Thumbnail photo={photo} onOpen={() => setShown(photo)} />
                  </li>
                ))}
              </SimpleGrid>
            </>
          )
        }
      </Await>
      <UploadDialog patientId={patientId} opened={isUploading} onClose={close} />
      <Modal
        opened={shown !== undefined}
        onClose={() => setShown(undefined)}
        title={shown === undefined ? '' : nameOf(shown)}
        size="xl"
      >
        {shown !== undefined && <WholePhoto photo={shown} />}
      </Modal>
    </Stack>
  );
}

function nameOf({ type, bodyPart }: Photo): string {
  const parts = [type, bodyPart].filter((part) => part !== null);
  return parts.length === 0 ? 'Photo' : parts.map((part) => wordsOf(part)).join(', ');
}

function Thumbnail({ photo, onOpen }: { photo: Photo; onOpen: () => void }) {
  const { thumbnailUrl, takenAt, uploadedAt, description } = photo;
  return (
    <UnstyledButton onClick={onOpen} w="100%" aria-haspopup="dialog">
      <Card padding="xs" className="tile">
        <Card.Section>
          <Image src={thumbnailUrl} h={150} fit="cover" alt={description ?? nameOf(photo)} />
        </Card.Section>
        <Text size="sm" fw={600} mt="xs" truncate>
          {nameOf(photo)}
        </Text>
        <Text size="xs" c="dimmed">
          <Time at={takenAt ?? uploadedAt} />
        </Text>
      </Card>
    </UnstyledButton>
  );
}

function WholePhoto({ photo }: { photo: Photo }) {
  const { url, description, takenAt, uploadedAt, uploadedBy } = photo;
  return (
    <Stack>
      <Image src={url} mah="60dvh" fit="contain" alt={description ?? nameOf(photo)} />
      {description !== null && <Text size="sm">{description}</Text>}
      <Facts columns={3}>
        <Fact name="Taken">
          <Time at={takenAt} none="not said" />
        </Fact>
        <Fact name="Uploaded">
          <Time at={uploadedAt} />
        </Fact>
        <Fact name="By">{uploadedBy?.name ?? '–'}</Fact>
      </Facts>
    </Stack>
  );
}

import { type ApiKey, KEYS, rotateKey } from '../../api/keys';
import { RotateDialog } from '../../ui/rotate-dialog';
import { MadeKey } from './new-key';

/** A new key with the same rights; the old one stays good for a while. */
export function RotateKeyDialog({
  apiKey,
  opened,
  onClose,
}: {
  apiKey: ApiKey;
  opened: boolean;
  onClose: () => void;
}) {
  return (
    <RotateDialog
      opened={opened}
      onClose={onClose}
      what="key"
      title="Rotate this key"
      titleWhenMade="Your new API key"
      about="The new key has the same practice, plan and scopes. Both work during the overlap, so that nothing stands still."
      rotate={(hours) => rotateKey(apiKey.id, hours)}
      queryKey={KEYS}
    >
      {(made, close) => <MadeKey made={made} onClose={close} />}
    </RotateDialog>
  );
}

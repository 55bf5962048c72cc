import { rotateSecret, WEBHOOKS } from '../../api/webhooks';
import { RotateDialog } from '../../ui/rotate-dialog';
import { MadeSecret } from './new-webhook';

/** A new signing secret; during the overlap calls carry a signature of each. */
export function RotateSecretDialog({
  id,
  opened,
  onClose,
}: {
  id: string;
  opened: boolean;
  onClose: () => void;
}) {
  return (
    <RotateDialog
      opened={opened}
      onClose={onClose}
      what="secret"
      title="Rotate the secret"
      titleWhenMade="The new secret"
      about={
        <>
          Calls are signed with the new secret from now on. During the overlap <code>webhook-signature</code>{' '}
          carries a signature of the old one too; <code>X-HandoffRx-Signature</code> has room for the new one
          only.
        </>
      }
      rotate={(hours) => rotateSecret(id, hours)}
      queryKey={WEBHOOKS}
    >
      {({ secret }, close) => <MadeSecret secret={secret} onClose={close} />}
    </RotateDialog>
  );
}

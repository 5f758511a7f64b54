import type { ComponentChildren } from 'preact'
import { t } from '../kit/language.ts'
import { Button, Code } from './basic.tsx'
import { CopyButton } from './copy.tsx'
import { Dialog } from './dialog.tsx'

interface Props {
  readonly title: string
  readonly detail: string
  readonly secret: string
  /** What the button that copies it says. */
  readonly copy: string
  readonly onClose: () => void
  readonly children?: ComponentChildren
}

/** Shows a secret, once. */
export const SecretDialog = ({ title, detail, secret, copy, onClose, children }: Props) => (
  <Dialog title={title} onClose={onClose}>
    <div class="form">
      <p>{detail}</p>
      <p class="copy-line">
        <Code>{secret}</Code>
        <CopyButton text={secret} label={copy} />
      </p>
      {children}
      <div class="form-actions">
        <Button kind="primary" onClick={onClose}>
          {t('action.close')}
        </Button>
      </div>
    </div>
  </Dialog>
)

import type { ComponentChildren } from 'preact'
import { Code } from './basic.tsx'
import { CopyButton } from './copy.tsx'
import { InfoDialog } from './dialog.tsx'

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
  <InfoDialog title={title} onClose={onClose}>
    <p>{detail}</p>
    <p class="copy-line">
      <Code>{secret}</Code>
      <CopyButton text={secret} label={copy} />
    </p>
    {children}
  </InfoDialog>
)

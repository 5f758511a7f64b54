import { prettyBody } from '../kit/format.ts'
import { t } from '../kit/language.ts'

interface Props {
  /** Null when it is not kept any more. */
  readonly text: string | null
  /** What it is, by default the text of a provider. */
  readonly label?: string
}

/** A text as it was sent. It can be scrolled, also with the keyboard. */
export const Body = ({ text, label = t('body.label') }: Props) => (
  <pre class="body" dir="ltr" tabIndex={0} role="group" aria-label={label}>
    {text === null ? t('body.deleted') : prettyBody(text)}
  </pre>
)

import { prettyBody } from '../kit/format.ts'
import { t } from '../kit/language.ts'

/** The text that a provider sent. It can be scrolled, also with the keyboard. */
/** @param text null when it is not kept any more. */
export const Body = ({ text }: { text: string | null }) => (
  <pre class="body" dir="ltr" tabIndex={0} role="group" aria-label={t('body.label')}>
    {text === null ? t('body.deleted') : prettyBody(text)}
  </pre>
)

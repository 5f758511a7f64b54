import { prettyBody } from '../kit/format.ts'
import { t } from '../kit/language.ts'

/** The text that a provider sent. It can be scrolled, also with the keyboard. */
export const Body = ({ text }: { text: string }) => (
  <pre class="body" dir="ltr" tabIndex={0} role="region" aria-label={t('body.label')}>
    {prettyBody(text)}
  </pre>
)

import { useSignal } from '@preact/signals'
import { t } from '../kit/language.ts'
import { Button } from './basic.tsx'

/** Copies a text; where the browser does not allow it, the text is shown to be copied. */
export const CopyButton = ({ text, label }: { text: string; label: string }) => {
  const state = useSignal<'idle' | 'copied' | 'shown'>('idle')
  return (
    <>
      <Button
        onClick={() => {
          const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'))
          copied.then(
            () => (state.value = 'copied'),
            () => (state.value = 'shown'),
          )
        }}
      >
        {label}
      </Button>
      <span class="copied" role="status">
        {state.value === 'copied' ? t('copy.done') : null}
      </span>
      {state.value === 'shown' ? (
        <textarea class="copy-text" dir="ltr" readOnly rows={3} aria-label={label} value={text} />
      ) : null}
    </>
  )
}

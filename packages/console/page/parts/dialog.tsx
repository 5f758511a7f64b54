import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { t } from '../kit/language.ts'
import { isEqual, readAmount } from '../kit/money.ts'
import { formatAmount, formatPlain } from '../kit/format.ts'
import { Button, Field, Problem } from './basic.tsx'
import { randomId } from '../kit/id.ts'
import { useRequest } from './request.ts'
import { say } from './say.tsx'

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  /** For commands and tables. */
  readonly isWide?: boolean
  readonly children: ComponentChildren
}

/** What had the focus on the page before a dialog, and the one that followed it, were opened. */
let opener: Element | null = null

/** A modal dialog of the browser: it keeps the focus, and Escape closes it. */
export const Dialog = ({ title, onClose, isWide = false, children }: DialogProps) => {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const { activeElement } = document
    if (!(activeElement?.closest('dialog') instanceof Element)) opener = activeElement
    dialog.current?.showModal()
    return () => {
      // The opener may be gone, such as with a case that is decided.
      const next = opener?.isConnected === true ? opener : document.querySelector('main h1')
      if (next instanceof HTMLElement) next.focus({ preventScroll: true })
    }
  }, [])
  return (
    <dialog ref={dialog} class={isWide ? 'dialog wide' : 'dialog'} aria-labelledby="dialog-title" onClose={onClose}>
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  )
}

/** Shows something, and asks for nothing. */
export const InfoDialog = ({ children, ...props }: DialogProps) => (
  <Dialog {...props}>
    <div class="form">
      {children}
      <div class="form-actions">
        <Button kind="primary" onClick={props.onClose}>
          {t('action.close')}
        </Button>
      </div>
    </div>
  </Dialog>
)

interface ActionDialogProps {
  readonly title: string
  readonly button: string
  readonly kind?: 'primary' | 'danger'
  /** The money that moves; the person types it. */
  readonly money?: { readonly amount: string; readonly currency: string }
  readonly hasNote?: boolean
  /** It cannot be done with what the person has chosen. */
  readonly isBlocked?: boolean
  readonly children?: ComponentChildren
  /** Does it. `idempotencyKey` is the same for every attempt of this dialog. */
  readonly run: (input: { readonly note: string; readonly idempotencyKey: string }) => Promise<void>
  readonly onClose: () => void
}

/** Asks before something is done. An action that moves money is done only after its amount was typed. */
export const ActionDialog = (props: ActionDialogProps) => {
  const { money, hasNote = true, isBlocked = false, run, onClose } = props
  const key = useRef(randomId())
  const note = useSignal('')
  const typed = useSignal('')
  const request = useRequest()
  const typedAmount = readAmount(typed.value)
  const isTyped = money === undefined || (typedAmount !== undefined && isEqual(typedAmount, money.amount))
  const isReady = !isBlocked && isTyped && (!hasNote || note.value.trim() !== '')

  function submit(event: Event): void {
    event.preventDefault()
    if (!isReady) return
    void request.run(async () => {
      await run({ note: note.value.trim(), idempotencyKey: key.current })
      onClose()
      say(t('dialog.done', { title: props.title }))
    })
  }

  return (
    <Dialog title={props.title} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        {props.children}
        {hasNote ? <NoteField note={note} /> : null}
        {money === undefined || isBlocked ? null : (
          <Field
            label={t('dialog.typeAmount', { amount: formatPlain(money.amount) })}
            hint={t('dialog.typeAmountHint', { amount: formatAmount(money.amount, money.currency) })}
            name="typed-amount"
            inputMode="decimal"
            autocomplete="off"
            bind={typed}
          />
        )}
        <Problem problem={request.problem.value} />
        <div class="form-actions">
          <Button onClick={onClose}>{t('action.back')}</Button>
          <Button type="submit" kind={props.kind ?? 'primary'} isBusy={request.isBusy.value} isDisabled={!isReady}>
            {props.button}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

const NOTE_LENGTH_MAX = 2000

const NoteField = ({ note }: { note: { value: string } }) => (
  <div class="field">
    <label for="field-note">{t('dialog.note')}</label>
    <textarea
      id="field-note"
      name="note"
      rows={2}
      maxLength={NOTE_LENGTH_MAX}
      aria-describedby="hint-note"
      value={note.value}
      onInput={(event) => (note.value = event.currentTarget.value)}
    />
    <p class="hint" id="hint-note">
      {t('dialog.noteHint')}
    </p>
  </div>
)

import type { Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { t } from '../kit/language.ts'
import { Button, Field, Problem } from './basic.tsx'
import type { RequestState } from './request.ts'

interface FormProps {
  readonly request: RequestState
  readonly button: string
  readonly kind?: 'primary' | 'danger'
  readonly onSubmit: () => void
  readonly children: ComponentChildren
}

/** A form of an account: its fields, what went wrong, and a button. */
export const AccountForm = ({ request, button, kind = 'primary', onSubmit, children }: FormProps) => (
  <form
    class="form narrow"
    onSubmit={(event) => {
      event.preventDefault()
      onSubmit()
    }}
  >
    {children}
    <Problem problem={request.problem.value} />
    <div class="buttons">
      <Button type="submit" kind={kind} isBusy={request.isBusy.value}>
        {button}
      </Button>
    </div>
  </form>
)

interface PasswordProps {
  readonly bind: Signal<string>
  readonly name?: string
  readonly hint?: string
}

/** The person's current password. */
export const PasswordField = ({ bind, name = 'password', hint }: PasswordProps) => (
  <Field
    label={t('signIn.password')}
    {...(hint === undefined ? {} : { hint })}
    name={name}
    type="password"
    autocomplete="current-password"
    bind={bind}
  />
)

/** The code of an authenticator app. */
export const CodeField = ({ bind }: { bind: Signal<string> }) => (
  <Field
    label={t('signIn.code')}
    hint={t('signIn.codeHint')}
    name="code"
    inputMode="numeric"
    autocomplete="one-time-code"
    bind={bind}
  />
)

import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { ApiProblem, toProblem } from '../data/api.ts'
import { goTo, hrefOf } from '../data/router.ts'
import {
  acceptLink,
  askPasskey,
  hasSignedOut,
  readSignInWays,
  signIn,
  signInByPasskey,
  signInByProxy,
  type ProxyUser,
} from '../data/session.ts'
import { t } from '../kit/language.ts'
import { CodeField } from '../parts/account-form.tsx'
import { Button, Field, Problem } from '../parts/basic.tsx'
import { LanguageSelect } from '../parts/language-select.tsx'
import { toPasskeyProblem } from './passkeys.tsx'

const PASSWORD_LENGTH_MIN = 12

/** Signs an operator in, or, with a one-time link, lets a new one choose a name and a password. */
export const SignIn = ({ link }: { link?: string }) => {
  const isNew = link !== undefined
  const name = useSignal('')
  const password = useSignal('')
  const code = useSignal('')
  const asksCode = useSignal(false)
  const isBusy = useSignal(false)
  const problem = useSignal<ApiProblem | undefined>(undefined)
  const heading = useRef<HTMLHeadingElement>(null)
  const proxyUser = useSignal<ProxyUser | null>(null)
  const hasPasskeys = useSignal(false)
  useEffect(() => {
    if (!isNew) void continueByProxy()
  }, [])
  useEffect(() => {
    document.title = `${t(isNew ? 'signIn.welcome' : 'signIn.title')} · Paxyo`
    heading.current?.focus()
  }, [])

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (isBusy.value) return
    isBusy.value = true
    problem.value = undefined
    const credentials = { name: name.value.trim(), password: password.value }
    try {
      if (isNew) {
        await acceptLink(link, credentials.name === '' ? { password: credentials.password } : credentials)
        goTo(hrefOf(''), true)
      } else {
        await signIn(code.value.trim() === '' ? credentials : { ...credentials, code: code.value.trim() })
      }
    } catch (error) {
      const failure = toProblem(error)
      if (failure.code === 'code_required') asksCode.value = true
      problem.value = failure
      if (failure.code === 'passkey_required') await addPasskey(credentials)
    } finally {
      isBusy.value = false
    }
  }

  /** The passkey is the second factor, after the password. */
  async function addPasskey(credentials: { name: string; password: string }): Promise<void> {
    try {
      await signIn({ ...credentials, passkey: await askPasskey() })
    } catch (error) {
      problem.value = toPasskeyProblem(error) ?? problem.value
    }
  }

  async function byPasskey(): Promise<void> {
    problem.value = undefined
    try {
      await signInByPasskey()
    } catch (error) {
      problem.value = toPasskeyProblem(error)
    }
  }

  /** A person whom a proxy names needs no password. */
  async function continueByProxy(): Promise<void> {
    try {
      const ways = await readSignInWays()
      proxyUser.value = ways.proxyUser
      hasPasskeys.value = ways.hasPasskeys
      if (proxyUser.value?.isOperator === true && !hasSignedOut.value) await signInByProxy()
    } catch (error) {
      if (error instanceof ApiProblem) problem.value = error
    }
  }

  if (proxyUser.value !== null) {
    return (
      <main class="sign-in">
        <ByProxy user={proxyUser.value} problem={problem.value} />
        <LanguageSelect />
      </main>
    )
  }
  return (
    <main class="sign-in">
      <form class="form" onSubmit={(event) => void submit(event)}>
        <h1 ref={heading} tabIndex={-1}>
          {t(isNew ? 'signIn.welcome' : 'signIn.title')}
        </h1>
        <p class="lead">{t(isNew ? 'signIn.welcomeLead' : 'signIn.lead')}</p>
        <Field
          label={t('signIn.name')}
          {...(isNew ? { hint: t('signIn.nameHint') } : {})}
          name="name"
          autocomplete="username"
          required={!isNew}
          bind={name}
        />
        <Field
          label={t('signIn.password')}
          {...(isNew
            ? { hint: t('signIn.passwordHint', { count: PASSWORD_LENGTH_MIN }), minLength: PASSWORD_LENGTH_MIN }
            : {})}
          name="password"
          type="password"
          autocomplete={isNew ? 'new-password' : 'current-password'}
          required
          bind={password}
        />
        {asksCode.value ? <CodeField bind={code} /> : null}
        <Problem problem={problem.value} />
        <Button type="submit" kind="primary" isBusy={isBusy.value}>
          {t(isNew ? 'signIn.create' : 'signIn.title')}
        </Button>
        {hasPasskeys.value && !isNew ? <Button onClick={() => void byPasskey()}>{t('signIn.passkey')}</Button> : null}
      </form>
      <LanguageSelect />
    </main>
  )
}

/** For a person whom a single sign-on proxy names. */
const ByProxy = ({ user: { name, isOperator }, problem }: { user: ProxyUser; problem: ApiProblem | undefined }) => (
  <section class="form">
    <h1>{t(isOperator ? 'signIn.title' : 'signIn.notAnOperator')}</h1>
    <p class="lead">{isOperator ? t('signIn.lead') : t('signIn.notAnOperatorDetail', { name })}</p>
    <Problem problem={problem} />
    {isOperator ? (
      <Button kind="primary" onClick={() => void signInByProxy()}>
        {t('signIn.continue', { name })}
      </Button>
    ) : null}
  </section>
)

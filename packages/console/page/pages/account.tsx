import { useSignal } from '@preact/signals'
import { ApiProblem, send } from '../data/api.ts'
import { readSession, session, signOut } from '../data/session.ts'
import { goTo, hrefOf } from '../data/router.ts'
import { t } from '../kit/language.ts'
import { Button, Code, Field, Panel, Problem, Screen } from '../parts/basic.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { Passkeys } from './passkeys.tsx'

/** The person's own account: one-time codes, and signing out everywhere. */
export const Account = () => (
  <Screen title={t('account.title')} lead={<bdi>{session.value?.operator.name}</bdi>}>
    <Panel title={t('account.codes')}>{session.value?.operator.hasTotp ? <CodesOff /> : <CodesOn />}</Panel>
    <Panel title={t('passkeys.title')}>
      <Passkeys />
    </Panel>
    <Panel title={t('account.sessions')}>
      <p class="panel-text">{t('account.sessionsDetail')}</p>
      <Button kind="danger" onClick={() => void signOut(true).then(() => goTo(hrefOf('')))}>
        {t('account.everywhere')}
      </Button>
    </Panel>
  </Screen>
)

interface Totp {
  readonly secret: string
  readonly uri: string
}

/** Runs a request of a form, and keeps its problem. */
function useRequest() {
  const isBusy = useSignal(false)
  const problem = useSignal<ApiProblem | undefined>(undefined)
  async function run(request: () => Promise<void>): Promise<void> {
    if (isBusy.value) return
    isBusy.value = true
    problem.value = undefined
    try {
      await request()
    } catch (error) {
      problem.value = error instanceof ApiProblem ? error : new ApiProblem('unreadable', 0, String(error))
    } finally {
      isBusy.value = false
    }
  }
  return { isBusy, problem, run }
}

const CodesOn = () => {
  const password = useSignal('')
  const totp = useSignal<Totp | undefined>(undefined)
  const code = useSignal('')
  const { isBusy, problem, run } = useRequest()
  const start = () =>
    run(async () => {
      totp.value = await send<Totp>('POST', '/console/api/totp', { body: { password: password.value } })
    })
  const check = () =>
    run(async () => {
      await send('POST', '/console/api/totp/check', { body: { code: code.value.trim() } })
      await readSession()
    })
  return (
    <form
      class="form narrow"
      onSubmit={(event) => {
        event.preventDefault()
        void (totp.value === undefined ? start() : check())
      }}
    >
      <p>{t('account.codesDetail')}</p>
      {totp.value === undefined ? (
        <Field
          label={t('signIn.password')}
          name="password"
          type="password"
          autocomplete="current-password"
          value={password.value}
          onInput={(event) => (password.value = event.currentTarget.value)}
        />
      ) : (
        <>
          <p>{t('account.addKey')}</p>
          <p class="copy-line">
            <Code>{totp.value.secret}</Code>
            <CopyButton text={totp.value.secret} label={t('account.copyKey')} />
          </p>
          <a href={totp.value.uri} target="_self">
            {t('account.openApp')}
          </a>
          <Field
            label={t('signIn.code')}
            hint={t('signIn.codeHint')}
            name="code"
            inputMode="numeric"
            autocomplete="one-time-code"
            value={code.value}
            onInput={(event) => (code.value = event.currentTarget.value)}
          />
        </>
      )}
      <Problem problem={problem.value} />
      <div class="buttons">
        <Button type="submit" kind="primary" isBusy={isBusy.value}>
          {t(totp.value === undefined ? 'account.setUpCodes' : 'account.checkCode')}
        </Button>
      </div>
    </form>
  )
}

const CodesOff = () => {
  const password = useSignal('')
  const { isBusy, problem, run } = useRequest()
  return (
    <form
      class="form narrow"
      onSubmit={(event) => {
        event.preventDefault()
        void run(async () => {
          await send('POST', '/console/api/totp/off', { body: { password: password.value } })
          await readSession()
        })
      }}
    >
      <p>{t('account.codesOn')}</p>
      <Field
        label={t('signIn.password')}
        name="password"
        type="password"
        autocomplete="current-password"
        value={password.value}
        onInput={(event) => (password.value = event.currentTarget.value)}
      />
      <Problem problem={problem.value} />
      <div class="buttons">
        <Button type="submit" kind="danger" isBusy={isBusy.value}>
          {t('account.switchOff')}
        </Button>
      </div>
    </form>
  )
}

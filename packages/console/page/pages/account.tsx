import { useSignal } from '@preact/signals'
import { send } from '../data/api.ts'
import { readSession, session, signOut } from '../data/session.ts'
import { goTo, hrefOf } from '../data/router.ts'
import { t } from '../kit/language.ts'
import { AccountForm, CodeField, PasswordField } from '../parts/account-form.tsx'
import { Button, Code, Panel, Screen } from '../parts/basic.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { useRequest } from '../parts/request.ts'
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

const CodesOn = () => {
  const password = useSignal('')
  const totp = useSignal<Totp | undefined>(undefined)
  const code = useSignal('')
  const request = useRequest()
  const start = async (): Promise<void> => {
    totp.value = await send<Totp>('POST', '/console/api/totp', { body: { password: password.value } })
  }
  const check = async (): Promise<void> => {
    await send('POST', '/console/api/totp/check', { body: { code: code.value.trim() } })
    await readSession()
  }
  return (
    <AccountForm
      request={request}
      button={t(totp.value === undefined ? 'account.setUpCodes' : 'account.checkCode')}
      onSubmit={() => void request.run(totp.value === undefined ? start : check)}
    >
      <p>{t('account.codesDetail')}</p>
      {totp.value === undefined ? (
        <PasswordField bind={password} />
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
          <CodeField bind={code} />
        </>
      )}
    </AccountForm>
  )
}

const CodesOff = () => {
  const password = useSignal('')
  const request = useRequest()
  const switchOff = async (): Promise<void> => {
    await send('POST', '/console/api/totp/off', { body: { password: password.value } })
    await readSession()
  }
  return (
    <AccountForm
      request={request}
      button={t('account.switchOff')}
      kind="danger"
      onSubmit={() => void request.run(switchOff)}
    >
      <p>{t('account.codesOn')}</p>
      <PasswordField bind={password} />
    </AccountForm>
  )
}

import { useSignal } from '@preact/signals'
import { startRegistration, WebAuthnError, type PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/browser'
import { useEffect } from 'preact/hooks'
import { ApiProblem, get, path, send } from '../data/api.ts'
import { t } from '../kit/language.ts'
import { AccountForm, PasswordField } from '../parts/account-form.tsx'
import { Button, Field, Time } from '../parts/basic.tsx'
import { useRequest } from '../parts/request.ts'
import { Table } from '../parts/table.tsx'

interface Passkey {
  readonly passkeyId: string
  readonly name: string
  readonly createdAt: string
  readonly lastUsedAt: string | null
}

const PASSKEYS = '/console/api/passkeys'

/** A person who closes the browser's dialog has changed their mind. */
const isCanceled = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'NotAllowedError' || error.name === 'AbortError')

/** What went wrong with a passkey; undefined when the person has canceled. */
export function toPasskeyProblem(error: unknown): ApiProblem | undefined {
  if (error instanceof ApiProblem) return error
  if (isCanceled(error) || (error instanceof WebAuthnError && isCanceled(error.cause))) return undefined
  return new ApiProblem('passkey_failed', 0, String(error))
}

/** The person's passkeys: adding and removing one needs the password. */
export const Passkeys = () => {
  const passkeys = useSignal<readonly Passkey[]>([])
  const isAvailable = useSignal(true)
  const [name, password] = [useSignal(''), useSignal('')]
  const request = useRequest(toPasskeyProblem)
  const read = async (): Promise<void> => {
    const list = await get<{ readonly data: readonly Passkey[]; readonly isAvailable: boolean }>(PASSKEYS)
    passkeys.value = list.data
    isAvailable.value = list.isAvailable
  }
  useEffect(() => void request.run(read), [])

  const add = async (): Promise<void> => {
    const body = { password: password.value }
    const optionsJSON = await send<PublicKeyCredentialCreationOptionsJSON>('POST', `${PASSKEYS}/options`, { body })
    const response = await startRegistration({ optionsJSON })
    await send('POST', PASSKEYS, { body: { name: name.value.trim(), response } })
    name.value = ''
    password.value = ''
    await read()
  }
  const remove = async (passkeyId: string): Promise<void> => {
    await send('POST', path`/console/api/passkeys/${passkeyId}/remove`, { body: { password: password.value } })
    await read()
  }

  if (!isAvailable.value) return <p class="panel-text">{t('passkeys.notAvailable')}</p>
  return (
    <AccountForm request={request} button={t('passkeys.add')} onSubmit={() => void request.run(add)}>
      <p>{t('passkeys.detail')}</p>
      {passkeys.value.length === 0 ? null : (
        <List passkeys={passkeys.value} onRemove={(passkeyId) => void request.run(() => remove(passkeyId))} />
      )}
      <Field label={t('passkeys.name')} hint={t('passkeys.nameHint')} name="passkey-name" bind={name} />
      <PasswordField bind={password} name="passkey-password" hint={t('passkeys.passwordHint')} />
    </AccountForm>
  )
}

interface ListProps {
  readonly passkeys: readonly Passkey[]
  readonly onRemove: (passkeyId: string) => void
}

const List = ({ passkeys, onRemove }: ListProps) => (
  <Table
    label={t('passkeys.title')}
    items={passkeys}
    idOf={({ passkeyId }) => passkeyId}
    columns={[
      { title: t('passkeys.name'), cell: ({ name }) => <bdi>{name}</bdi> },
      {
        title: t('passkeys.lastUsed'),
        cell: ({ lastUsedAt }) => (lastUsedAt === null ? '–' : <Time time={lastUsedAt} />),
      },
      {
        title: '',
        cell: ({ passkeyId, name }) => (
          <Button kind="danger" label={t('passkeys.removeNamed', { name })} onClick={() => onRemove(passkeyId)}>
            {t('passkeys.remove')}
          </Button>
        ),
      },
    ]}
  />
)

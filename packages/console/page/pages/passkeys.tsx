import { useSignal } from '@preact/signals'
import { startRegistration, WebAuthnError, type PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/browser'
import { useEffect } from 'preact/hooks'
import { ApiProblem, get, path, send } from '../data/api.ts'
import { t } from '../kit/language.ts'
import { Button, Field, Problem, Time } from '../parts/basic.tsx'
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
  const isBusy = useSignal(false)
  const problem = useSignal<ApiProblem | undefined>(undefined)
  const read = async (): Promise<void> => {
    const list = await get<{ readonly data: readonly Passkey[]; readonly isAvailable: boolean }>(PASSKEYS)
    passkeys.value = list.data
    isAvailable.value = list.isAvailable
  }
  const run = async (request: () => Promise<void>): Promise<void> => {
    if (isBusy.value) return
    isBusy.value = true
    problem.value = undefined
    try {
      await request()
      await read()
    } catch (error) {
      problem.value = toPasskeyProblem(error)
    } finally {
      isBusy.value = false
    }
  }
  useEffect(() => void run(() => Promise.resolve()), [])

  const add = () =>
    run(async () => {
      const optionsJSON = await send<PublicKeyCredentialCreationOptionsJSON>('POST', `${PASSKEYS}/options`, {
        body: { password: password.value },
      })
      const response = await startRegistration({ optionsJSON })
      await send('POST', PASSKEYS, { body: { name: name.value.trim(), response } })
      name.value = ''
      password.value = ''
    })
  const remove = (passkeyId: string) =>
    run(() => send('POST', path`/console/api/passkeys/${passkeyId}/remove`, { body: { password: password.value } }))

  if (!isAvailable.value) return <p class="panel-text">{t('passkeys.notAvailable')}</p>
  return (
    <form
      class="form narrow"
      onSubmit={(event) => {
        event.preventDefault()
        void add()
      }}
    >
      <p>{t('passkeys.detail')}</p>
      {passkeys.value.length === 0 ? null : <List passkeys={passkeys.value} onRemove={remove} />}
      <Field
        label={t('passkeys.name')}
        hint={t('passkeys.nameHint')}
        name="passkey-name"
        value={name.value}
        onInput={(event) => (name.value = event.currentTarget.value)}
      />
      <Field
        label={t('signIn.password')}
        hint={t('passkeys.passwordHint')}
        name="passkey-password"
        type="password"
        autocomplete="current-password"
        value={password.value}
        onInput={(event) => (password.value = event.currentTarget.value)}
      />
      <Problem problem={problem.value} />
      <div class="buttons">
        <Button type="submit" kind="primary" isBusy={isBusy.value}>
          {t('passkeys.add')}
        </Button>
      </div>
    </form>
  )
}

const List = ({
  passkeys,
  onRemove,
}: {
  passkeys: readonly Passkey[]
  onRemove: (passkeyId: string) => Promise<void>
}) => (
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
          <Button kind="danger" label={t('passkeys.removeNamed', { name })} onClick={() => void onRemove(passkeyId)}>
            {t('passkeys.remove')}
          </Button>
        ),
      },
    ]}
  />
)

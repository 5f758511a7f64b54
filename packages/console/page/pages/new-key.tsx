import type { CreateApiKey, CreatedApiKey, Scope } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { post } from '../data/api.ts'
import { session } from '../data/session.ts'
import { t, textOf } from '../kit/language.ts'
import { Button, Code, Field } from '../parts/basic.tsx'
import { Choices } from '../parts/choices.tsx'
import { ActionDialog } from '../parts/dialog.tsx'
import { SecretDialog } from '../parts/secret-dialog.tsx'
import { readNetworks } from '../state/networks.ts'

const EXPIRY_DAYS = [30, 90, 365] as const
const DAY_MS = 86_400_000

/** Creates an API key: with the least scopes, unless the person chooses more. It is shown once. */
export const NewKey = ({ onCreated }: { onCreated: () => void }) => {
  const isAsking = useSignal(false)
  const key = useSignal<string | undefined>(undefined)
  return (
    <>
      <Button onClick={() => (isAsking.value = true)}>{t('newKey.title')}</Button>
      {isAsking.value ? (
        <KeyForm
          run={async (given) => {
            key.value = (await post<CreatedApiKey>('/v1/keys', given)).key
            onCreated()
          }}
          onClose={() => (isAsking.value = false)}
        />
      ) : null}
      {key.value === undefined || isAsking.value ? null : (
        <SecretDialog
          title={t('newKey.created')}
          detail={t('newKey.createdDetail')}
          secret={key.value}
          copy={t('newKey.copy')}
          onClose={() => (key.value = undefined)}
        />
      )}
    </>
  )
}

interface FormProps {
  readonly run: (given: CreateApiKey) => Promise<void>
  readonly onClose: () => void
}

const KeyForm = ({ run, onClose }: FormProps) => {
  const name = useSignal('')
  const scopes = useSignal<readonly Scope[]>(['read'])
  const days = useSignal('')
  const typed = useSignal('')
  const networks = readNetworks(typed.value)
  return (
    <ActionDialog
      title={t('newKey.title')}
      button={t('newKey.create')}
      hasNote={false}
      isBlocked={name.value.trim() === '' || scopes.value.length === 0 || networks === undefined}
      run={() =>
        run({
          name: name.value.trim(),
          scopes: [...scopes.value],
          expiresAt: days.value === '' ? null : new Date(Date.now() + Number(days.value) * DAY_MS).toISOString(),
          allowedNetworks: networks?.length ? [...networks] : null,
        })
      }
      onClose={onClose}
    >
      <Field
        label={t('keys.name')}
        hint={t('newKey.nameHint')}
        name="key-name"
        autocomplete="off"
        maxLength={100}
        bind={name}
      />
      <Choices
        legend={t('keys.scopes')}
        values={session.value?.scopes ?? []}
        chosen={scopes}
        text={(scope) => (
          <>
            {textOf('scope', scope) ?? scope} <Code>{scope}</Code>
          </>
        )}
      />
      <div class="field">
        <label for="key-expiry">{t('newKey.expiry')}</label>
        <select id="key-expiry" value={days.value} onChange={(event) => (days.value = event.currentTarget.value)}>
          <option value="">{t('newKey.never')}</option>
          {EXPIRY_DAYS.map((count) => (
            <option key={count} value={count}>
              {t('newKey.days', { count })}
            </option>
          ))}
        </select>
      </div>
      <Field
        label={t('newKey.networks')}
        hint={t(networks === undefined ? 'newKey.networksWrong' : 'newKey.networksHint')}
        name="key-networks"
        autocomplete="off"
        dir="ltr"
        aria-invalid={networks === undefined}
        bind={typed}
      />
    </ActionDialog>
  )
}

import type { RotatedSecret, WebhookEndpoint } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { path, post } from '../data/api.ts'
import { t } from '../kit/language.ts'
import { Button } from '../parts/basic.tsx'
import { ActionDialog } from '../parts/dialog.tsx'
import { SecretDialog } from '../parts/secret-dialog.tsx'

type Step = 'add' | 'retire' | 'replace'

interface Props {
  readonly endpoint: WebhookEndpoint
  readonly onChanged: () => void
}

/**
 * The next step of a new secret: add it, configure the receiver with it, and retire the older one. Meanwhile both sign, so
 * that no webhook is rejected.
 */
export const RotateSecret = ({ endpoint, onChanged }: Props) => {
  const step = useSignal<Step | undefined>(undefined)
  const secret = useSignal<string | null>(null)
  const url = path`/v1/outgoing-webhooks/endpoints/${endpoint.endpointId}/secret`
  const steps: readonly Step[] = endpoint.secretCount > 1 ? ['retire', 'replace'] : ['add']
  return (
    <>
      {steps.map((name) => (
        <Button key={name} onClick={() => (step.value = name)}>
          {t(`secret.${name}`)}
        </Button>
      ))}
      {step.value === undefined ? null : (
        <ActionDialog
          title={t(`secret.${step.value}`)}
          button={t(`secret.${step.value}`)}
          kind={step.value === 'retire' ? 'danger' : 'primary'}
          hasNote={false}
          run={async ({ idempotencyKey }) => {
            secret.value = (await post<RotatedSecret>(url, { step: step.value }, idempotencyKey)).secret
            onChanged()
          }}
          onClose={() => (step.value = undefined)}
        >
          <p>{t(`secret.${step.value}Detail`)}</p>
        </ActionDialog>
      )}
      {secret.value === null || step.value !== undefined ? null : (
        <SecretDialog
          title={t('secret.new')}
          detail={t('secret.newDetail')}
          secret={secret.value}
          copy={t('secret.copy')}
          onClose={() => (secret.value = null)}
        />
      )}
    </>
  )
}

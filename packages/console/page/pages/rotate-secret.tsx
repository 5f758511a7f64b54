import type { RotatedSecret, WebhookEndpoint } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { path, post } from '../data/api.ts'
import { t } from '../kit/language.ts'
import { Button, Code } from '../parts/basic.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { ActionDialog, Dialog } from '../parts/dialog.tsx'

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
        <Dialog title={t('secret.new')} onClose={() => (secret.value = null)}>
          <div class="form">
            <p>{t('secret.newDetail')}</p>
            <p class="copy-line">
              <Code>{secret.value}</Code>
              <CopyButton text={secret.value} label={t('secret.copy')} />
            </p>
            <div class="form-actions">
              <Button kind="primary" onClick={() => (secret.value = null)}>
                {t('action.close')}
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  )
}

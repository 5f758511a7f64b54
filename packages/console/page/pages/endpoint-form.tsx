import { DEFAULT_WEBHOOK_TYPES, WEBHOOK_TYPES, type WebhookType } from '@paxyo/contracts/data'
import type { WebhookEndpoint } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { t, textOf } from '../kit/language.ts'
import { Field } from '../parts/basic.tsx'
import { Choices } from '../parts/choices.tsx'
import { ActionDialog } from '../parts/dialog.tsx'

interface Props {
  /** Undefined for a new one. */
  readonly endpoint?: WebhookEndpoint
  readonly run: (
    given: { readonly url: string; readonly types: readonly WebhookType[] },
    idempotencyKey: string,
  ) => Promise<void>
  readonly onClose: () => void
}

/** Where outgoing webhooks are sent, and which. */
export const EndpointForm = ({ endpoint, run, onClose }: Props) => {
  const url = useSignal(endpoint?.url ?? '')
  const types = useSignal<readonly WebhookType[]>(endpoint?.types ?? DEFAULT_WEBHOOK_TYPES)
  return (
    <ActionDialog
      title={t(endpoint ? 'endpoint.editTitle' : 'endpoint.add')}
      button={t(endpoint ? 'endpoint.save' : 'endpoint.add')}
      hasNote={false}
      isBlocked={!URL.canParse(url.value) || types.value.length === 0}
      run={({ idempotencyKey }) => run({ url: url.value.trim(), types: types.value }, idempotencyKey)}
      onClose={onClose}
    >
      <Field
        label={t('endpoint.url')}
        hint={t('endpoint.urlHint')}
        name="endpoint-url"
        inputMode="url"
        autocomplete="off"
        dir="ltr"
        bind={url}
      />
      <Choices
        legend={t('endpoint.types')}
        values={WEBHOOK_TYPES}
        chosen={types}
        text={(type) => textOf('webhookType', type) ?? type}
      />
    </ActionDialog>
  )
}

import type { TestWebhook as TestWebhookResult, WebhookAddress } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { post } from '../data/api.ts'
import { can } from '../data/session.ts'
import { formatDuration } from '../kit/duration.ts'
import { t } from '../kit/language.ts'
import { Button, Code, Field, Panel, Problem } from '../parts/basic.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { useRequest } from '../parts/request.ts'

const DEFAULT_PROVIDER = 'godofpanel'

/** The address that a provider calls. Its token is asked for by a click, which the audit log has, and is nowhere else in the page. */
export const WebhookAddressPanel = () => {
  const typed = useSignal(DEFAULT_PROVIDER)
  const provider = typed.value.trim() || DEFAULT_PROVIDER
  return (
    <Panel title={t('setup.address')}>
      <p>{t('setup.addressDetail')}</p>
      <div class="set-up-fields">
        <Field label={t('order.provider')} name="provider" autocomplete="off" dir="ltr" bind={typed} />
      </div>
      <Address key={provider} provider={provider} />
      {can('orders:write') ? <TestWebhook provider={provider} /> : null}
    </Panel>
  )
}

const Address = ({ provider }: { provider: string }) => {
  const revealed = useSignal<WebhookAddress | undefined>(undefined)
  const request = useRequest()
  const reveal = (): Promise<void> =>
    request.run(async () => (revealed.value = await post<WebhookAddress>('/v1/webhook-address', { provider })))
  return (
    <>
      {revealed.value === undefined ? (
        <>
          <p class="copy-line">
            <Code>{`${location.origin}/webhooks/${encodeURIComponent(provider)}/`}</Code>
            <span class="hint">{t('setup.tokenHidden')}</span>
          </p>
          {can('operators') ? (
            <div class="buttons">
              <Button isBusy={request.isBusy.value} onClick={() => void reveal()}>
                {t('setup.reveal')}
              </Button>
              <span class="hint">{t('setup.revealDetail')}</span>
            </div>
          ) : (
            <p class="hint">{t('setup.askOwner')}</p>
          )}
          <Problem problem={request.problem.value} />
        </>
      ) : (
        <Revealed address={revealed.value} onHide={() => (revealed.value = undefined)} />
      )}
    </>
  )
}

const Revealed = ({ address: { path, proof }, onHide }: { address: WebhookAddress; onHide: () => void }) => {
  const address = location.origin + path
  return (
    <>
      <p class="copy-line">
        <Code>{address}</Code>
        <CopyButton text={address} label={t('setup.copyAddress')} />
        <Button kind="quiet" onClick={onHide}>
          {t('setup.hide')}
        </Button>
      </p>
      <p class={proof === 'none' ? 'field-problem' : 'hint'} role="status">
        {t(`setup.proof-${proof}`)}
      </p>
    </>
  )
}

/** Has webhook-ingest receive a webhook with the provider's credentials. */
const TestWebhook = ({ provider }: { provider: string }) => {
  const result = useSignal<TestWebhookResult | undefined>(undefined)
  const request = useRequest()
  const test = async (): Promise<void> => {
    result.value = undefined
    result.value = await post<TestWebhookResult>('/v1/test-webhook', { provider })
  }
  const { value: found } = result
  return (
    <div class="test-webhook">
      <Button isBusy={request.isBusy.value} onClick={() => void request.run(test)}>
        {t('setup.test')}
      </Button>
      <Problem problem={request.problem.value} />
      <div role="status">
        {found === undefined ? null : found.isDelivered ? (
          <p class="tick">{t('setup.testDelivered', { after: formatDuration(found.tookMs) })}</p>
        ) : (
          <p class="field-problem">
            {t('setup.testFailed')} <bdi>{found.error ?? `HTTP ${found.status ?? ''}`}</bdi>
          </p>
        )}
      </div>
    </div>
  )
}

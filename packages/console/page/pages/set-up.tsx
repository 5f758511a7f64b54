import type {
  DeliveryView,
  EndpointList,
  OutgoingWebhookView,
  Page,
  TestWebhook as TestWebhookResult,
} from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { get, post } from '../data/api.ts'
import { anyDelivery, webhooksSent } from '../data/changes.ts'
import { liveState } from '../data/live.ts'
import { useResource } from '../data/resource.ts'
import { can } from '../data/session.ts'
import { formatDuration } from '../kit/duration.ts'
import { t } from '../kit/language.ts'
import { Button, Code, Field, Panel, Problem, Screen } from '../parts/basic.tsx'
import { Check } from '../parts/checks.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { useRequest } from '../parts/request.ts'
import { checksOf, webhookAddress } from '../state/checks.ts'
import { isServerReached } from '../state/verdicts.ts'
import { CHECK_TONES, ScriptTagPanel } from './set-up-tag.tsx'
import { WebServerPanel } from './set-up-web-server.tsx'

/** Connecting a panel: the provider's side, the pages' side, the web server between them, and what is still to do. */
export const SetUp = () => (
  <Screen title={t('setup.title')} lead={t('setup.lead')}>
    <Checks />
    <WebhookAddress />
    <ScriptTagPanel />
    <WebServerPanel />
  </Screen>
)

const Checks = () => {
  const deliveries = useResource(
    'any delivery',
    (signal) => get<Page<DeliveryView>>('/v1/deliveries', { limit: 1 }, signal),
    anyDelivery,
  )
  const server = useResource('server reached', readServer, webhooksSent)
  const clock = useResource('clock', readClock, () => false)
  const checks = checksOf({
    protocol: location.protocol,
    hostname: location.hostname,
    clockAheadMs: clock.data.value,
    live: liveState.value,
    hasDeliveries: deliveries.data.value && deliveries.data.value.data.length > 0,
    isServerReached: server.data.value,
  })
  return (
    <Panel title={t('setup.checks')}>
      <ul class="checks">
        {checks.map((check) => (
          <Check
            key={check.name}
            name={check.name}
            state={check.state}
            tone={CHECK_TONES[check.state]}
            verdict={t(`setup.${check.state}`)}
            fix={check.state === 'open' ? t(`fix.${check.name}`) : undefined}
          >
            <strong>{t(`check.${check.name}`)}</strong>
          </Check>
        ))}
      </ul>
    </Panel>
  )
}

async function readServer(signal: AbortSignal): Promise<boolean> {
  const [endpoints, pending] = await Promise.all([
    get<EndpointList>('/v1/outgoing-webhooks/endpoints', {}, signal),
    get<Page<OutgoingWebhookView>>('/v1/outgoing-webhooks', { state: 'pending', limit: 100 }, signal),
  ])
  return isServerReached(endpoints.data, pending.data)
}

/** The server's time is the `Date` of a response, in whole seconds. */
async function readClock(signal: AbortSignal): Promise<number> {
  const response = await fetch('/console/files/icon.svg', { method: 'HEAD', cache: 'no-store', signal })
  const date = Date.parse(response.headers.get('date') ?? '')
  return Number.isNaN(date) ? 0 : Date.now() - date
}

const WebhookAddress = () => {
  const provider = useSignal('godofpanel')
  const address = webhookAddress(location.origin, provider.value.trim() || 'godofpanel')
  return (
    <Panel title={t('setup.address')}>
      <p>{t('setup.addressDetail')}</p>
      <div class="set-up-fields">
        <Field label={t('order.provider')} name="provider" autocomplete="off" dir="ltr" bind={provider} />
      </div>
      <p class="copy-line">
        <Code>{address}</Code>
        <CopyButton text={address} label={t('setup.copyAddress')} />
      </p>
      {can('orders:write') ? <TestWebhook provider={provider.value.trim()} /> : null}
    </Panel>
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

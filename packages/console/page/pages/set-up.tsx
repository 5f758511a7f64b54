import type {
  DeliveryView,
  EndpointList,
  OutgoingWebhookView,
  Page,
  TestWebhook as TestWebhookResult,
} from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { ApiProblem, get, post } from '../data/api.ts'
import { anyDelivery, webhooksSent } from '../data/changes.ts'
import { gatewayOrigin, liveState } from '../data/live.ts'
import { useResource } from '../data/resource.ts'
import { can } from '../data/session.ts'
import { formatDuration } from '../kit/duration.ts'
import { t } from '../kit/language.ts'
import { Badge, Button, Code, Field, Panel, Problem, Screen } from '../parts/basic.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { checksOf, scriptTag, webhookAddress, type Check } from '../state/checks.ts'
import { isServerReached } from '../state/verdicts.ts'

/** Connecting a panel: the provider's side, the pages' side, and what is still to do. */
export const SetUp = () => (
  <Screen title={t('setup.title')} lead={t('setup.lead')}>
    <Checks />
    <WebhookAddress />
    <ScriptTag />
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
          <CheckView key={check.name} check={check} />
        ))}
      </ul>
    </Panel>
  )
}

const TONES = { done: 'good', open: 'warn', waiting: 'quiet' } as const

const CheckView = ({ check: { name, state } }: { check: Check }) => (
  <li data-check={name} data-state={state}>
    <Badge tone={TONES[state]}>{t(`setup.${state}`)}</Badge>
    <span>
      <strong>{t(`check.${name}`)}</strong>
      {state === 'open' ? <span class="check-fix">{t(`fix.${name}`)}</span> : null}
    </span>
  </li>
)

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
        <Field
          label={t('order.provider')}
          name="provider"
          autocomplete="off"
          value={provider.value}
          onInput={(event) => (provider.value = event.currentTarget.value)}
        />
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
  const problem = useSignal<ApiProblem | undefined>(undefined)
  const isBusy = useSignal(false)
  async function test(): Promise<void> {
    isBusy.value = true
    problem.value = undefined
    try {
      result.value = await post<TestWebhookResult>('/v1/test-webhook', { provider })
    } catch (error) {
      problem.value = error instanceof ApiProblem ? error : new ApiProblem('unreadable', 0, String(error))
    } finally {
      isBusy.value = false
    }
  }
  const { value: found } = result
  return (
    <div class="test-webhook">
      <Button isBusy={isBusy.value} onClick={() => void test()}>
        {t('setup.test')}
      </Button>
      <Problem problem={problem.value} />
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

const ScriptTag = () => {
  const gateway = useSignal<string | undefined>(undefined)
  const tokenUrl = useSignal('/token.php')
  const origin = gateway.value ?? gatewayOrigin.value ?? location.origin
  const tag = scriptTag(origin, tokenUrl.value.trim())
  return (
    <Panel title={t('setup.tag')}>
      <p>{t('setup.tagDetail')}</p>
      <div class="set-up-fields">
        <Field
          label={t('setup.gateway')}
          name="gateway"
          type="url"
          autocomplete="off"
          value={origin}
          onInput={(event) => (gateway.value = event.currentTarget.value)}
        />
        <Field
          label={t('setup.tokenUrl')}
          hint={t('setup.tokenUrlHint')}
          name="token-url"
          autocomplete="off"
          value={tokenUrl.value}
          onInput={(event) => (tokenUrl.value = event.currentTarget.value)}
        />
      </div>
      <p class="copy-line">
        <Code>{tag}</Code>
        <CopyButton text={tag} label={t('setup.copyTag')} />
      </p>
    </Panel>
  )
}

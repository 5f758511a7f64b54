import type { DeliveryView, EndpointList, OutgoingWebhookView, Page } from '@paxyo/panel-client'
import { get } from '../data/api.ts'
import { anyDelivery, webhooksSent } from '../data/changes.ts'
import { liveState } from '../data/live.ts'
import { useResource } from '../data/resource.ts'
import { t } from '../kit/language.ts'
import { Panel, Screen } from '../parts/basic.tsx'
import { Check } from '../parts/checks.tsx'
import { checksOf } from '../state/checks.ts'
import { isServerReached } from '../state/verdicts.ts'
import { WebhookAddressPanel } from './set-up-address.tsx'
import { CHECK_TONES, ScriptTagPanel } from './set-up-tag.tsx'
import { WebServerPanel } from './set-up-web-server.tsx'

/** Connecting a panel: the provider's side, the pages' side, the web server between them, and what is still to do. */
export const SetUp = () => (
  <Screen title={t('setup.title')} lead={t('setup.lead')}>
    <Checks />
    <WebhookAddressPanel />
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

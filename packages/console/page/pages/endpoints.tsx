import type { CreatedEndpoint, EndpointList, WebhookEndpoint } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { get, path, post, send } from '../data/api.ts'
import { webhooksSent } from '../data/changes.ts'
import { useResource } from '../data/resource.ts'
import { can } from '../data/session.ts'
import { t, textOf } from '../kit/language.ts'
import { Badge, Button, Code, Empty, Panel, Problem, Skeleton } from '../parts/basic.tsx'
import { ActionDialog } from '../parts/dialog.tsx'
import { SecretDialog } from '../parts/secret-dialog.tsx'
import { EndpointForm } from './endpoint-form.tsx'
import { usePings } from './ping.tsx'
import { RotateSecret } from './rotate-secret.tsx'

const ENDPOINTS = '/v1/outgoing-webhooks/endpoints'

/** Where outgoing webhooks are sent. */
export const Endpoints = () => {
  const { data, problem, reload } = useResource(
    'endpoints',
    (signal) => get<EndpointList>(ENDPOINTS, {}, signal),
    webhooksSent,
  )
  const endpoints = data.value?.data
  return (
    <Panel
      title={t('webhooks.endpoints')}
      actions={can('outgoing_webhooks') ? <NewEndpoint onCreated={reload} /> : undefined}
    >
      <Problem problem={problem.value} onRetry={reload} />
      {endpoints === undefined ? (
        problem.value ? null : (
          <Skeleton />
        )
      ) : endpoints.length === 0 ? (
        <Empty title={t('webhooks.noEndpoints')}>
          <p>{t(can('outgoing_webhooks') ? 'webhooks.noEndpointsOwner' : 'webhooks.noEndpointsDetail')}</p>
        </Empty>
      ) : (
        <ul class="endpoints">
          {endpoints.map((endpoint) => (
            <Endpoint key={endpoint.endpointId} endpoint={endpoint} onChanged={reload} />
          ))}
        </ul>
      )}
    </Panel>
  )
}

const NewEndpoint = ({ onCreated }: { onCreated: () => void }) => {
  const isAsking = useSignal(false)
  const created = useSignal<CreatedEndpoint | undefined>(undefined)
  return (
    <>
      <Button onClick={() => (isAsking.value = true)}>{t('endpoint.add')}</Button>
      {isAsking.value ? (
        <EndpointForm
          run={async (given, idempotencyKey) => {
            created.value = await post<CreatedEndpoint>(ENDPOINTS, given, idempotencyKey)
            onCreated()
          }}
          onClose={() => (isAsking.value = false)}
        />
      ) : null}
      {created.value === undefined || isAsking.value ? null : (
        <Created created={created.value} onClose={() => (created.value = undefined)} />
      )}
    </>
  )
}

/** The new secret, and whether the panel's server accepts a ping. */
const Created = ({ created, onClose }: { created: CreatedEndpoint; onClose: () => void }) => {
  const pings = usePings(created.endpoint.endpointId)
  useEffect(() => void pings.send(), [])
  return (
    <SecretDialog
      title={t('endpoint.created')}
      detail={t('endpoint.createdDetail')}
      secret={created.secret}
      copy={t('secret.copy')}
      onClose={onClose}
    >
      {pings.result}
      <div class="buttons">
        <Button isBusy={pings.isBusy.value} onClick={() => void pings.send()}>
          {t('webhooks.ping')}
        </Button>
      </div>
    </SecretDialog>
  )
}

const Endpoint = ({ endpoint, onChanged }: { endpoint: WebhookEndpoint; onChanged: () => void }) => {
  const pings = usePings(endpoint.endpointId)
  const asked = useSignal<'enable' | 'edit' | undefined>(undefined)
  const url = ENDPOINTS + path`/${endpoint.endpointId}`
  const isOurs = endpoint.endpointId !== 'environment'
  const onClose = (): void => {
    asked.value = undefined
  }
  return (
    <li>
      <div class="endpoint-head">
        <bdi class="endpoint-url breakable">{endpoint.url}</bdi>
        <Badge tone={endpoint.isEnabled ? 'good' : 'quiet'}>
          {t(endpoint.isEnabled ? 'webhooks.enabled' : 'webhooks.disabled')}
        </Badge>
        {endpoint.waiting > 0 ? <Badge tone="warn">{t('webhooks.waiting', { count: endpoint.waiting })}</Badge> : null}
      </div>
      <p class="hint">{endpoint.types.map((type) => textOf('webhookType', type) ?? type).join(' · ')}</p>
      {can('outgoing_webhooks') ? (
        <div class="buttons">
          <Button isBusy={pings.isBusy.value} onClick={() => void pings.send()}>
            {t('webhooks.ping')}
          </Button>
          {isOurs ? (
            <>
              <Button onClick={() => (asked.value = 'edit')}>{t('endpoint.edit')}</Button>
              <Button onClick={() => (asked.value = 'enable')}>
                {t(endpoint.isEnabled ? 'webhooks.disable' : 'webhooks.enable')}
              </Button>
              <RotateSecret endpoint={endpoint} onChanged={onChanged} />
            </>
          ) : null}
        </div>
      ) : null}
      {pings.result}
      {asked.value === 'edit' ? (
        <EndpointForm
          endpoint={endpoint}
          run={async (given) => {
            await send('PATCH', url, { body: given })
            onChanged()
            void pings.send()
          }}
          onClose={onClose}
        />
      ) : null}
      {asked.value === 'enable' ? (
        <ActionDialog
          title={t(endpoint.isEnabled ? 'webhooks.disable' : 'webhooks.enable')}
          button={t(endpoint.isEnabled ? 'webhooks.disable' : 'webhooks.enable')}
          hasNote={false}
          run={async () => {
            await send('PATCH', url, { body: { isEnabled: !endpoint.isEnabled } })
            onChanged()
          }}
          onClose={onClose}
        >
          <p>
            <Code>{endpoint.url}</Code>
          </p>
          <p>{t(endpoint.isEnabled ? 'webhooks.disableDetail' : 'webhooks.enableDetail')}</p>
        </ActionDialog>
      ) : null}
    </li>
  )
}

import type {
  EndpointList,
  OutgoingWebhookView,
  PingResult,
  RetriedWebhooks,
  WebhookEndpoint,
} from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { get, path, post, send } from '../data/api.ts'
import { webhooksSent } from '../data/changes.ts'
import { useList, type List } from '../data/pages.ts'
import { useResource } from '../data/resource.ts'
import { place, replaceQuery } from '../data/router.ts'
import { can } from '../data/session.ts'
import { nowMs } from '../kit/clock.ts'
import { t, textOf } from '../kit/language.ts'
import { Ago, Badge, Button, Code, Empty, Panel, Problem, Screen, Skeleton } from '../parts/basic.tsx'
import { ActionDialog } from '../parts/dialog.tsx'
import { Progress, useProgress } from '../parts/progress.tsx'
import { useRequest } from '../parts/request.ts'
import { Subject, subjectText } from '../parts/subject.tsx'
import { ListTable } from '../parts/table.tsx'
import { WEBHOOK_TONES } from './at-server.tsx'
import { RotateSecret } from './rotate-secret.tsx'

const STATES = ['pending', 'dead', 'delivered', 'superseded'] as const

/** Outgoing webhooks: where they go, and how each attempt went. */
export const Webhooks = () => {
  const state = place.value.query.get('state') ?? ''
  const endpoints = useResource(
    'endpoints',
    (signal) => get<EndpointList>('/v1/outgoing-webhooks/endpoints', {}, signal),
    webhooksSent,
  )
  const attempts = useList<OutgoingWebhookView>(
    '/v1/outgoing-webhooks',
    { state: state === '' ? undefined : state },
    { concerns: webhooksSent, idOf: (webhook) => webhook.webhookId },
  )
  const reload = (): void => {
    endpoints.reload()
    attempts.reload()
  }
  return (
    <Screen title={t('webhooks.title')} lead={t('webhooks.lead')}>
      <Panel title={t('webhooks.endpoints')}>
        <Problem problem={endpoints.problem.value} onRetry={endpoints.reload} />
        {endpoints.data.value === undefined ? (
          endpoints.problem.value ? null : (
            <Skeleton />
          )
        ) : endpoints.data.value.data.length === 0 ? (
          <Empty title={t('webhooks.noEndpoints')}>
            <p>{t('webhooks.noEndpointsDetail')}</p>
          </Empty>
        ) : (
          <ul class="endpoints">
            {endpoints.data.value.data.map((endpoint) => (
              <Endpoint key={endpoint.endpointId} endpoint={endpoint} onChanged={reload} />
            ))}
          </ul>
        )}
      </Panel>
      <Panel title={t('webhooks.attempts')} actions={can('outgoing_webhooks') ? <RetryDead onDone={reload} /> : null}>
        <div class="filters" role="group" aria-label={t('live.filters')}>
          <label>
            <span>{t('column.state')}</span>
            <select value={state} onChange={(event) => replaceQuery({ state: event.currentTarget.value })}>
              <option value="">{t('live.all')}</option>
              {STATES.map((name) => (
                <option key={name} value={name}>
                  {t(`webhookState.${name}`)}
                </option>
              ))}
            </select>
          </label>
        </div>
        <Attempts attempts={attempts} onChanged={reload} />
      </Panel>
    </Screen>
  )
}

const Endpoint = ({ endpoint, onChanged }: { endpoint: WebhookEndpoint; onChanged: () => void }) => {
  const ping = useSignal<PingResult | undefined>(undefined)
  const pinging = useRequest()
  const isAsking = useSignal(false)
  const url = path`/v1/outgoing-webhooks/endpoints/${endpoint.endpointId}`
  const isOurs = endpoint.endpointId !== 'environment'
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
          <Button
            isBusy={pinging.isBusy.value}
            onClick={() => {
              ping.value = undefined
              void pinging.run(async () => (ping.value = await post<PingResult>(`${url}/ping`)))
            }}
          >
            {t('webhooks.ping')}
          </Button>
          {isOurs ? (
            <Button onClick={() => (isAsking.value = true)}>
              {t(endpoint.isEnabled ? 'webhooks.disable' : 'webhooks.enable')}
            </Button>
          ) : null}
          {isOurs ? <RotateSecret endpoint={endpoint} onChanged={onChanged} /> : null}
        </div>
      ) : null}
      <Problem problem={pinging.problem.value} />
      <div role="status">{ping.value === undefined ? null : <Ping result={ping.value} />}</div>
      {isAsking.value ? (
        <ActionDialog
          title={t(endpoint.isEnabled ? 'webhooks.disable' : 'webhooks.enable')}
          button={t(endpoint.isEnabled ? 'webhooks.disable' : 'webhooks.enable')}
          hasNote={false}
          run={async () => {
            await send('PATCH', url, { body: { isEnabled: !endpoint.isEnabled } })
            onChanged()
          }}
          onClose={() => (isAsking.value = false)}
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

const Ping = ({ result }: { result: PingResult }) => {
  const detail = result.error ?? (result.status === null ? '' : `HTTP ${result.status}`)
  return (
    <p class={result.isDelivered ? 'tick' : 'field-problem'}>
      {t(result.isDelivered ? 'webhooks.pingDelivered' : 'webhooks.pingFailed')} <bdi>{detail}</bdi>
    </p>
  )
}

const Attempts = ({ attempts, onChanged }: { attempts: List<OutgoingWebhookView>; onChanged: () => void }) => (
  <ListTable
    list={attempts}
    label={t('webhooks.attempts')}
    empty={t('webhooks.noAttempts')}
    idOf={(webhook) => webhook.webhookId}
    columns={[
      { title: t('webhooks.about'), cell: (webhook) => <Subject subject={webhook.subject} /> },
      { title: t('webhooks.type'), cell: (webhook) => textOf('webhookType', webhook.type) ?? webhook.type },
      {
        title: t('column.state'),
        cell: (webhook) => (
          <Badge tone={WEBHOOK_TONES[webhook.state] ?? 'quiet'}>
            {textOf('webhookState', webhook.state) ?? webhook.state}
          </Badge>
        ),
      },
      {
        title: t('webhooks.last'),
        cell: (webhook) => (
          <span>
            <bdi>{webhook.lastError ?? (webhook.lastStatus === null ? '' : `HTTP ${webhook.lastStatus}`)}</bdi>
            {webhook.attemptedAt === null ? null : (
              <>
                {' · '}
                <Ago time={webhook.attemptedAt} />
              </>
            )}
          </span>
        ),
      },
      {
        title: t('webhooks.next'),
        cell: ({ dueAt }) => (dueAt === null ? '' : isPast(dueAt) ? t('webhooks.inTurn') : <Ago time={dueAt} />),
      },
      ...(can('outgoing_webhooks')
        ? [
            {
              title: t('column.action'),
              cell: (webhook: OutgoingWebhookView) =>
                webhook.state === 'pending' || webhook.state === 'dead' ? (
                  <RetryButton webhookId={webhook.webhookId} subject={webhook.subject} onDone={onChanged} />
                ) : null,
            },
          ]
        : []),
    ]}
  />
)

/** It waits for the one before it, which is about the same order or account, or for a free connection. */
const isPast = (time: string): boolean => Date.parse(time) <= nowMs.value

interface RetryButtonProps {
  readonly webhookId: string
  readonly subject: string
  /** Whether it may have been delivered before. */
  readonly isResent?: boolean
  readonly onDone: () => void
}

export const RetryButton = (props: RetryButtonProps) => {
  const request = useRequest()
  const retry = async (): Promise<void> => {
    await post(path`/v1/outgoing-webhooks/${props.webhookId}/retry`)
    props.onDone()
  }
  return (
    <>
      <Button
        isBusy={request.isBusy.value}
        label={t(props.isResent ? 'refunds.resendOne' : 'webhooks.retryOne', { subject: subjectText(props.subject) })}
        onClick={() => void request.run(retry)}
      >
        {t(props.isResent ? 'refunds.resend' : 'action.retry')}
      </Button>
      <Problem problem={request.problem.value} />
    </>
  )
}

const RetryDead = ({ onDone }: { onDone: () => void }) => {
  const progress = useProgress()
  const start = (): Promise<void> =>
    progress.run(async ({ isStopped, done }) => {
      for (let hasMore = true; hasMore && !isStopped();) {
        const result = await post<RetriedWebhooks>('/v1/outgoing-webhooks/retry')
        done(result.retried)
        hasMore = result.hasMore
      }
      onDone()
    })
  return (
    <Progress progress={progress} text={(count) => t('webhooks.retried', { count })}>
      <Button onClick={() => void start()}>{t('webhooks.retryDead')}</Button>
    </Progress>
  )
}

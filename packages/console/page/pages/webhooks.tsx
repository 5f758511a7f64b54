import type { OutgoingWebhookView, RetriedWebhooks } from '@paxyo/panel-client'
import { post } from '../data/api.ts'
import { webhooksSent } from '../data/changes.ts'
import { useList, type List } from '../data/pages.ts'
import { place, replaceQuery } from '../data/router.ts'
import { can } from '../data/session.ts'
import { t } from '../kit/language.ts'
import { Ago, Button, Panel, Screen } from '../parts/basic.tsx'
import { NextAttempt, RetryButton, WebhookLink, WebhookState } from '../parts/outgoing-webhook.tsx'
import { Progress, useProgress } from '../parts/progress.tsx'
import { SendError } from '../parts/send-error.tsx'
import { Subject } from '../parts/subject.tsx'
import { ListTable } from '../parts/table.tsx'
import { Endpoints } from './endpoints.tsx'

const STATES = ['pending', 'dead', 'delivered', 'superseded'] as const

/** Outgoing webhooks: where they go, and how each of them went. */
export const Webhooks = () => {
  const state = place.value.query.get('state') ?? ''
  const sent = useList<OutgoingWebhookView>(
    '/v1/outgoing-webhooks',
    { state: state === '' ? undefined : state },
    { concerns: webhooksSent, idOf: (webhook) => webhook.webhookId },
  )
  return (
    <Screen title={t('webhooks.title')} lead={t('webhooks.lead')}>
      <Endpoints />
      <Panel
        title={t('webhooks.sent')}
        actions={can('outgoing_webhooks') ? <RetryDead onDone={sent.reload} /> : undefined}
      >
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
        <Sent sent={sent} />
        <p class="hint">{t('webhooks.kept')}</p>
      </Panel>
    </Screen>
  )
}

const Sent = ({ sent }: { sent: List<OutgoingWebhookView> }) => (
  <ListTable
    list={sent}
    label={t('webhooks.sent')}
    empty={t('webhooks.noneSent')}
    idOf={(webhook) => webhook.webhookId}
    columns={[
      { title: t('webhooks.about'), cell: (webhook) => <Subject subject={webhook.subject} /> },
      { title: t('webhooks.type'), cell: (webhook) => <WebhookLink webhook={webhook} /> },
      {
        title: t('column.state'),
        cell: ({ state }) => <WebhookState state={state} />,
      },
      {
        title: t('webhooks.last'),
        cell: (webhook) => (
          <span>
            <LastResponse webhook={webhook} />
            {webhook.attemptedAt === null ? null : (
              <>
                {' · '}
                <Ago time={webhook.attemptedAt} />
              </>
            )}
          </span>
        ),
      },
      { title: t('webhooks.next'), cell: ({ dueAt }) => (dueAt === null ? '' : <NextAttempt time={dueAt} />) },
      ...(can('outgoing_webhooks')
        ? [
            {
              title: t('column.action'),
              cell: (webhook: OutgoingWebhookView) =>
                webhook.state === 'pending' || webhook.state === 'dead' ? (
                  <RetryButton webhookId={webhook.webhookId} subject={webhook.subject} onDone={sent.reload} />
                ) : null,
            },
          ]
        : []),
    ]}
  />
)

const LastResponse = ({ webhook: { lastError, lastStatus } }: { webhook: OutgoingWebhookView }) =>
  lastError === null ? <bdi>{lastStatus === null ? '' : `HTTP ${lastStatus}`}</bdi> : <SendError error={lastError} />

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

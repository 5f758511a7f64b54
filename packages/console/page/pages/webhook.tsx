import type { FullOutgoingWebhookView, OutgoingWebhookAttempt } from '@paxyo/panel-client'
import { get, path } from '../data/api.ts'
import { webhooksSent } from '../data/changes.ts'
import { useResource } from '../data/resource.ts'
import { can } from '../data/session.ts'
import { formatDuration } from '../kit/duration.ts'
import { formatNumber } from '../kit/format.ts'
import { t, textOf } from '../kit/language.ts'
import { Badge, Code, Empty, Facts, Panel, Problem, Screen, Skeleton, Time } from '../parts/basic.tsx'
import { Body } from '../parts/body.tsx'
import { NextAttempt, RetryButton, WebhookState } from '../parts/outgoing-webhook.tsx'
import { SendError } from '../parts/send-error.tsx'
import { Subject } from '../parts/subject.tsx'
import { Table } from '../parts/table.tsx'

/** An outgoing webhook: every attempt to send it, what comes next, and its text. */
export const Webhook = ({ id }: { id: string }) => {
  const { data, problem, reload } = useResource(
    `webhook ${id}`,
    (signal) => get<FullOutgoingWebhookView>(path`/v1/outgoing-webhooks/${id}`, {}, signal),
    webhooksSent,
  )
  const webhook = data.value
  return (
    <Screen
      title={t('webhook.title')}
      lead={
        webhook && (
          <>
            {textOf('webhookType', webhook.type) ?? webhook.type} · <Subject subject={webhook.subject} />
          </>
        )
      }
      actions={
        webhook && can('outgoing_webhooks') ? (
          <RetryButton
            webhookId={id}
            subject={webhook.subject}
            isResent={webhook.state === 'delivered'}
            onDone={reload}
          />
        ) : undefined
      }
    >
      <Problem problem={problem.value} onRetry={reload} />
      {webhook === undefined ? problem.value ? null : <Skeleton lines={8} /> : <Story webhook={webhook} />}
    </Screen>
  )
}

const Story = ({ webhook }: { webhook: FullOutgoingWebhookView }) => (
  <div class="columns">
    <div class="stack">
      <Panel title={t('webhooks.attempts')}>
        <Attempts attempts={webhook.attemptHistory} />
      </Panel>
      <Panel title={t('webhook.body')}>
        <Body text={webhook.body} label={t('webhook.body')} />
      </Panel>
    </div>
    <Panel title={t('webhook.facts')}>
      <Facts
        facts={[
          [t('column.state'), <WebhookState state={webhook.state} />],
          ...(webhook.dueAt === null ? [] : [[t('webhooks.next'), <NextAttempt time={webhook.dueAt} />] as const]),
          [t('webhook.created'), <Time time={webhook.createdAt} />],
          ...(webhook.settledAt === null ? [] : [[t('webhook.settled'), <Time time={webhook.settledAt} />] as const]),
          [t('webhook.endpoint'), <Code>{webhook.endpointId}</Code>],
          [t('webhook.id'), <Code>{webhook.webhookId}</Code>],
        ]}
      />
    </Panel>
  </div>
)

interface Numbered extends OutgoingWebhookAttempt {
  readonly number: number
}

/** The newest first. */
const Attempts = ({ attempts }: { attempts: readonly OutgoingWebhookAttempt[] }) => {
  if (attempts.length === 0) return <Empty title={t('webhook.noAttempts')} />
  const items: Numbered[] = attempts.map((attempt, index) => ({ ...attempt, number: index + 1 }))
  return (
    <Table
      label={t('webhooks.attempts')}
      items={items.toReversed()}
      idOf={({ number }) => String(number)}
      columns={[
        { title: t('webhook.attempt'), cell: ({ number }) => formatNumber(number) },
        { title: t('column.time'), cell: ({ at }) => <Time time={at} /> },
        { title: t('webhook.result'), cell: (attempt) => <Result attempt={attempt} /> },
        { title: t('webhook.took'), isNumber: true, cell: ({ durationMs }) => formatDuration(durationMs) },
        { title: t('webhook.response'), cell: ({ response }) => <bdi class="breakable">{response ?? ''}</bdi> },
      ]}
    />
  )
}

const Result = ({ attempt: { status, error } }: { attempt: OutgoingWebhookAttempt }) => {
  if (status === null) return <SendError error={error ?? ''} />
  return <Badge tone={status >= 200 && status < 300 ? 'good' : 'bad'}>HTTP {status}</Badge>
}

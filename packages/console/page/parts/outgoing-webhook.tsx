import type { OutgoingWebhookView } from '@paxyo/panel-client'
import { path, post } from '../data/api.ts'
import { hrefOf } from '../data/router.ts'
import { nowMs } from '../kit/clock.ts'
import { t, textOf } from '../kit/language.ts'
import { Ago, Badge, Button, Problem, type Tone } from './basic.tsx'
import { useRequest } from './request.ts'
import { subjectText } from './subject.tsx'

export const WEBHOOK_TONES: Readonly<Record<string, Tone>> = { pending: 'warn', dead: 'bad', delivered: 'good' }

export const WebhookState = ({ state }: { state: string }) => (
  <Badge tone={WEBHOOK_TONES[state] ?? 'quiet'}>{textOf('webhookState', state) ?? state}</Badge>
)

/** Leads to the attempts of a webhook. */
export const WebhookLink = ({ webhook: { webhookId, type } }: { webhook: OutgoingWebhookView }) => (
  <a href={hrefOf('webhooks', webhookId)}>{textOf('webhookType', type) ?? type}</a>
)

/** It may wait for the one before it, which is about the same order or account, or for a free connection. */
export const NextAttempt = ({ time }: { time: string }) =>
  Date.parse(time) <= nowMs.value ? <>{t('webhooks.inTurn')}</> : <Ago time={time} />

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

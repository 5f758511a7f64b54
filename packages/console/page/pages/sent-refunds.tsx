import type { OutgoingWebhookView, Page } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { get, path, post, type Query } from '../data/api.ts'
import { webhooksSent } from '../data/changes.ts'
import { useList } from '../data/pages.ts'
import { hrefOf } from '../data/router.ts'
import { can } from '../data/session.ts'
import { t } from '../kit/language.ts'
import { Ago, Badge, Field, Panel, Button } from '../parts/basic.tsx'
import { RetryButton, WEBHOOK_TONES } from '../parts/outgoing-webhook.tsx'
import { Progress, useProgress, type ProgressStep } from '../parts/progress.tsx'
import { SendError } from '../parts/send-error.tsx'
import { Subject } from '../parts/subject.tsx'
import { ListTable } from '../parts/table.tsx'
import type { RefundFilter } from '../state/days.ts'

type State = OutgoingWebhookView['state']

const TYPE = 'refund.paid'
const STATES = ['pending', 'dead', 'delivered'] as const satisfies readonly State[]
const PAGE_SIZE = 100

/** Whether the panel's server has received each refund of a provider and a service, and a way to resend them. */
export const SentRefunds = ({ provider, service }: RefundFilter) => {
  const state = useSignal<State | ''>('')
  const since = useSignal('')
  const query = {
    type: TYPE,
    state: state.value || undefined,
    provider: provider || undefined,
    service: service || undefined,
  }
  const list = useList<OutgoingWebhookView>('/v1/outgoing-webhooks', query, {
    concerns: webhooksSent,
    idOf: (webhook) => webhook.webhookId,
  })
  const isWanted = (webhook: OutgoingWebhookView): boolean =>
    since.value === '' || Date.parse(webhook.createdAt) >= Date.parse(`${since.value}T00:00`)
  const shown = { ...list, items: list.items?.filter(isWanted) }
  return (
    <Panel title={t('refunds.atServer')} actions={<a href={hrefOf('webhooks')}>{t('webhooks.title')}</a>}>
      <div class="filters" role="group" aria-label={t('live.filters')}>
        <label>
          <span>{t('column.state')}</span>
          <select value={state.value} onChange={(event) => (state.value = event.currentTarget.value as State | '')}>
            <option value="">{t('live.all')}</option>
            {STATES.map((name) => (
              <option key={name} value={name}>
                {t(`sentRefund.${name}`)}
              </option>
            ))}
          </select>
        </label>
        <Field label={t('refunds.since')} name="since" type="date" bind={since} />
      </div>
      {can('outgoing_webhooks') && shown.items?.length !== 0 ? (
        <ResendAll query={query} isWanted={isWanted} onDone={list.reload} />
      ) : null}
      <ListTable
        list={shown}
        label={t('refunds.atServer')}
        empty={t('refunds.noneSent')}
        idOf={(webhook) => webhook.webhookId}
        columns={[
          { title: t('order.id'), cell: ({ subject }) => <Subject subject={subject} /> },
          {
            title: t('column.time'),
            cell: ({ webhookId, createdAt }) => (
              <a href={hrefOf('webhooks', webhookId)}>
                <Ago time={createdAt} />
              </a>
            ),
          },
          {
            title: t('column.state'),
            cell: (webhook) => (
              <>
                <Badge tone={WEBHOOK_TONES[webhook.state] ?? 'quiet'}>
                  {webhook.state === 'superseded' ? t('webhookState.superseded') : t(`sentRefund.${webhook.state}`)}
                </Badge>{' '}
                {webhook.state === 'delivered' || webhook.lastError === null ? null : (
                  <SendError error={webhook.lastError} />
                )}
              </>
            ),
          },
          ...(can('outgoing_webhooks')
            ? [
                {
                  title: t('column.action'),
                  cell: ({ webhookId, subject }: OutgoingWebhookView) => (
                    <RetryButton webhookId={webhookId} subject={subject} onDone={list.reload} isResent />
                  ),
                },
              ]
            : []),
        ]}
      />
    </Panel>
  )
}

interface ResendAllProps {
  readonly query: Query
  readonly isWanted: (webhook: OutgoingWebhookView) => boolean
  readonly onDone: () => void
}

/** Finds all that match the filter, then resends them, the oldest first; the receiver knows them by their ids. */
const ResendAll = ({ query, isWanted, onDone }: ResendAllProps) => {
  const progress = useProgress()
  const start = (): Promise<void> =>
    progress.run(async (step) => {
      const found = await findAll(query, isWanted, step)
      if (step.isStopped()) return
      step.begin(found.length)
      for (const { webhookId } of found.toReversed()) {
        if (step.isStopped()) break
        await post(path`/v1/outgoing-webhooks/${webhookId}/retry`)
        step.done(1)
      }
      onDone()
    })
  return (
    <Progress
      progress={progress}
      text={(count, all) => (all === undefined ? t('refunds.counted', { count }) : t('refunds.resent', { count, all }))}
    >
      <Button onClick={() => void start()}>{t('refunds.resendAll')}</Button>
    </Progress>
  )
}

async function findAll(
  query: Query,
  isWanted: ResendAllProps['isWanted'],
  { isStopped, done }: ProgressStep,
): Promise<readonly OutgoingWebhookView[]> {
  const found: OutgoingWebhookView[] = []
  for (let cursor: string | null | undefined; cursor !== null && !isStopped();) {
    const page: Page<OutgoingWebhookView> = await get('/v1/outgoing-webhooks', { ...query, limit: PAGE_SIZE, cursor })
    const wanted = page.data.filter(isWanted)
    found.push(...wanted)
    done(wanted.length)
    // Newest first: what follows is older.
    cursor = wanted.length < page.data.length ? null : page.nextCursor
  }
  return found
}

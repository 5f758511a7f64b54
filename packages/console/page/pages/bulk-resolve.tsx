import { ORDER_STATUSES } from '@paxyo/contracts/data'
import type { ResolutionPreview, Review, ReviewCase } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { ApiProblem, get, path, post } from '../data/api.ts'
import { announce } from '../data/live.ts'
import { useResource } from '../data/resource.ts'
import { can } from '../data/session.ts'
import { formatNumber } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { isMore, sum } from '../kit/money.ts'
import { Button, Problem, Skeleton, statusName } from '../parts/basic.tsx'
import { ActionDialog } from '../parts/dialog.tsx'
import { readOpenPage } from '../parts/inbox.ts'
import { Refunds } from './map-word.tsx'

type Action = 'dismiss' | 'set_status' | 'approve'

const NEEDS_APPROVAL = 'refund_needs_approval'
/** A case that changed meanwhile stays open; anything else ends the run. */
const SKIPPED: ReadonlySet<string> = new Set(['review_resolved', 'review_without_order', 'refund_changed'])

interface Props {
  readonly reason: Review['reason']
  readonly onClose: () => void
}

/** The same decision for all open reviews of a reason, with a preview and a progress that can be stopped. */
export const BulkResolve = ({ reason, onClose }: Props) => {
  const action = useSignal<Action>('dismiss')
  const status = useSignal<string>('completed')
  const progress = useSignal<Progress | undefined>(undefined)
  const isStopped = useSignal(false)
  const setStatus = action.value === 'set_status' ? { status: status.value } : {}
  const preview = useResource(
    `bulk ${reason} ${action.value} ${status.value}`,
    (signal) => get<ResolutionPreview>('/v1/reviews/preview', { reason, action: action.value, ...setStatus }, signal),
    () => false,
  )
  const found = preview.data.value
  const [refund] = found?.refunds ?? []
  const isPossible = found !== undefined && found.unchanged + found.changed > 0 && found.refunds.length <= 1
  return (
    <ActionDialog
      title={t('bulk.title')}
      button={t('bulk.button')}
      isBlocked={!isPossible}
      {...(refund ? { money: { amount: refund.amount, currency: refund.currency } } : {})}
      run={async ({ note }) => {
        const decide = { action: action.value, note, ...setStatus }
        await resolveAll({
          reason,
          countMax: found?.previewed ?? 0,
          moneyMax: refund?.amount ?? '0',
          decide,
          isStopped: () => isStopped.value,
          onProgress: (now) => (progress.value = now),
        })
        announce({ type: 'everything' })
      }}
      onClose={onClose}
    >
      <div class="field">
        <label for="bulk-action">{t('review.decide')}</label>
        <select
          id="bulk-action"
          value={action.value}
          onChange={(event) => (action.value = event.currentTarget.value as Action)}
        >
          <option value="dismiss">{t('action.leave')}</option>
          <option value="set_status">{t('action.setStatus')}</option>
          {reason === NEEDS_APPROVAL && can('refunds:write') ? (
            <option value="approve">{t('review.approve')}</option>
          ) : null}
        </select>
      </div>
      {action.value === 'set_status' ? (
        <div class="field">
          <label for="bulk-status">{t('setStatus.status')}</label>
          <select
            id="bulk-status"
            value={status.value}
            onChange={(event) => (status.value = event.currentTarget.value)}
          >
            {ORDER_STATUSES.map((name) => (
              <option key={name} value={name}>
                {statusName(name)}
              </option>
            ))}
          </select>
        </div>
      ) : null}
      <Problem problem={preview.problem.value} onRetry={preview.reload} />
      <div role="status">{found === undefined ? <Skeleton lines={2} /> : <Preview preview={found} />}</div>
      {progress.value === undefined ? null : (
        <div class="buttons">
          <span role="status">
            {t('bulk.progress', { count: progress.value.resolved, all: formatNumber(found?.previewed ?? 0) })}{' '}
            {progress.value.skipped > 0 ? t('bulk.skipped', { count: progress.value.skipped }) : null}
          </span>
          <Button onClick={() => (isStopped.value = true)}>{t('action.stop')}</Button>
        </div>
      )}
    </ActionDialog>
  )
}

const Preview = ({ preview }: { preview: ResolutionPreview }) => (
  <ul class="preview">
    {preview.hasMore ? <li>{t('bulk.oldest', { count: preview.previewed })}</li> : null}
    <li>{t('preview.unchanged', { count: preview.unchanged, all: preview.previewed })}</li>
    {preview.changed > 0 ? <li>{t('preview.changed', { count: preview.changed })}</li> : null}
    {preview.impossible > 0 ? <li>{t('preview.impossible', { count: preview.impossible })}</li> : null}
    <Refunds refunds={preview.refunds} />
  </ul>
)

interface Progress {
  readonly resolved: number
  readonly skipped: number
}

interface Run {
  readonly reason: string
  /** No more reviews than the preview has counted, and no more money. */
  readonly countMax: number
  readonly moneyMax: string
  readonly decide: { readonly action: Action; readonly note: string }
  readonly isStopped: () => boolean
  readonly onProgress: (progress: Progress) => void
}

async function resolveAll({ reason, countMax, moneyMax, decide, isStopped, onProgress }: Run): Promise<void> {
  let progress: Progress = { resolved: 0, skipped: 0 }
  let paid = '0'
  onProgress(progress)
  for (let cursor: string | undefined | null; cursor !== null;) {
    const page = await readOpenPage(reason, cursor)
    for (const { reviewId } of page.data) {
      if (isStopped() || progress.resolved + progress.skipped >= countMax) return
      const amount = await resolveOne(reviewId, decide, (wanted) => !isMore(sum(paid, wanted), moneyMax))
      progress =
        amount === undefined
          ? { ...progress, skipped: progress.skipped + 1 }
          : { ...progress, resolved: progress.resolved + 1 }
      paid = sum(paid, amount ?? '0')
      onProgress(progress)
    }
    cursor = page.nextCursor
  }
}

/** @returns the money that it paid; undefined when the review stays open. */
async function resolveOne(
  reviewId: string,
  decide: Run['decide'],
  isWithin: (amount: string) => boolean,
): Promise<string | undefined> {
  try {
    if (decide.action !== 'approve') {
      await post(path`/v1/reviews/${reviewId}/resolve`, decide)
      return '0'
    }
    const { proposal } = await get<ReviewCase>(path`/v1/reviews/${reviewId}`)
    if (proposal === null || !isWithin(proposal.refund)) return undefined
    await post(path`/v1/reviews/${reviewId}/resolve`, { ...decide, amount: proposal.refund })
    return proposal.refund
  } catch (error) {
    if (error instanceof ApiProblem && SKIPPED.has(error.code)) return undefined
    throw error
  }
}

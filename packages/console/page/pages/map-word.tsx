import type { UnknownWord, WordPreviewView, WordReplay } from '@paxyo/panel-client'
import { useSignal } from '@preact/signals'
import { get, path, post } from '../data/api.ts'
import { announce } from '../data/live.ts'
import { useResource } from '../data/resource.ts'
import { t } from '../kit/language.ts'
import { Amount, Button, Problem, Skeleton } from '../parts/basic.tsx'
import { ActionDialog } from '../parts/dialog.tsx'
import { MeaningSelect, type Meaning } from '../parts/word-meaning.tsx'

interface Props {
  readonly reviewId: string
  readonly word: UnknownWord
  readonly onClose: () => void
  /** The updates with the word are processed. */
  readonly onDone: () => void
}

/** Gives a provider's word a meaning, after a preview of what it does, and processes the updates that wait for it. */
export const MapWord = ({ reviewId, word, onClose, onDone }: Props) => {
  const meaning = useSignal<Meaning | ''>(word.status ?? '')
  const replayed = useSignal<number | undefined>(undefined)
  const isStopped = useSignal(false)
  const preview = useResource(
    `word ${reviewId} ${meaning.value}`,
    (signal) =>
      meaning.value === ''
        ? Promise.resolve(null)
        : get<WordPreviewView>(path`/v1/reviews/${reviewId}/word-preview`, { status: meaning.value }, signal),
    () => false,
  )
  const found = preview.data.value
  const [refund] = found?.refunds ?? []
  async function replayAll(): Promise<void> {
    replayed.value = 0
    for (let remaining = word.deliveries; remaining > 0 && !isStopped.value;) {
      const chunk = await post<WordReplay>(path`/v1/reviews/${reviewId}/replay`, {})
      replayed.value += chunk.replayed
      remaining = chunk.replayed === 0 ? 0 : chunk.remaining
    }
  }
  return (
    <ActionDialog
      title={t('mapWord.title', { word: word.word })}
      button={t('mapWord.button')}
      hasNote={false}
      isBlocked={!found}
      {...(refund ? { money: { amount: refund.amount, currency: refund.currency } } : {})}
      run={async ({ idempotencyKey }) => {
        await post(path`/v1/reviews/${reviewId}/map-word`, { status: meaning.value }, idempotencyKey)
        await replayAll()
        announce({ type: 'everything' })
        onDone()
      }}
      onClose={onClose}
    >
      <p>{t('mapWord.detail', { provider: word.provider })}</p>
      <MeaningSelect meaning={meaning} />
      <Problem problem={preview.problem.value} onRetry={preview.reload} />
      <div role="status">
        {meaning.value === '' ? null : found ? <Preview preview={found} /> : <Skeleton lines={2} />}
      </div>
      {replayed.value === undefined ? null : (
        <div class="buttons">
          <span role="status">{t('mapWord.replayed', { count: replayed.value })}</span>
          <Button onClick={() => (isStopped.value = true)}>{t('action.stop')}</Button>
        </div>
      )}
    </ActionDialog>
  )
}

const Preview = ({ preview }: { preview: WordPreviewView }) => (
  <ul class="preview">
    {preview.deliveries > preview.previewed ? (
      <li>{t('preview.oldest', { count: preview.previewed, all: preview.deliveries })}</li>
    ) : null}
    <li>{t('preview.unchanged', { count: preview.unchanged, all: preview.previewed })}</li>
    {preview.changed > 0 ? <li>{t('preview.changed', { count: preview.changed })}</li> : null}
    {preview.inReview > 0 ? <li>{t('preview.inReview', { count: preview.inReview })}</li> : null}
    <Refunds refunds={preview.refunds} />
  </ul>
)

export const Refunds = ({ refunds }: Pick<WordPreviewView, 'refunds'>) => (
  <>
    {refunds.map(({ currency, count, amount }) => (
      <li key={currency}>
        {t('preview.refunds', { count })} <Amount amount={amount} currency={currency} />
      </li>
    ))}
  </>
)

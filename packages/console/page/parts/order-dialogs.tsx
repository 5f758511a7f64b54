import { ORDER_STATUSES } from '@paxyo/contracts/data'
import { useSignal } from '@preact/signals'
import { session } from '../data/session.ts'
import { formatAmount, formatPlain } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import { amountAt, isMore, isZero, readAmount, refundable, SLIDER_STEPS, stepOf } from '../kit/money.ts'
import { Amount, Field, statusName } from './basic.tsx'
import { ActionDialog } from './dialog.tsx'

interface OrderMoney {
  readonly charge: string
  readonly refunded: string
  readonly currency: string
  readonly status: string
}

export type Run = (body: object, idempotencyKey: string) => Promise<void>

interface RefundDialogProps {
  readonly order: OrderMoney
  readonly suggested: string
  /** Whether the refund can set a status, too. */
  readonly hasStatus?: boolean
  readonly run: Run
  readonly onClose: () => void
}

/** A refund of any part of what is left, by slider or by number. */
export const RefundDialog = ({ order, suggested, hasStatus = false, run, onClose }: RefundDialogProps) => {
  const left = refundable(order)
  const text = useSignal(formatPlain(suggested))
  const status = useSignal('')
  const amount = readAmount(text.value) ?? '0'
  const isOver = isMore(amount, left)
  const limit = session.value?.operator.refundLimit ?? null
  const isOverLimit = limit !== null && isMore(amount, limit)
  const isPossible = !isZero(amount) && !isOver && !isOverLimit
  return (
    <ActionDialog
      title={t('refund.title')}
      button={t('refund.pay')}
      money={{ amount, currency: order.currency }}
      isBlocked={!isPossible}
      run={({ note, idempotencyKey }) =>
        run(
          { action: 'refund', amount, note, ...(status.value === '' ? {} : { status: status.value }) },
          idempotencyKey,
        )
      }
      onClose={onClose}
    >
      <p>
        {t('refund.left')} <Amount amount={left} currency={order.currency} />
      </p>
      <div class="field">
        <label for="refund-slider">{t('refund.share')}</label>
        <input
          id="refund-slider"
          type="range"
          min={0}
          max={SLIDER_STEPS}
          value={stepOf(left, amount)}
          aria-valuetext={formatAmount(amount, order.currency)}
          onInput={(event) => (text.value = formatPlain(amountAt(left, Number(event.currentTarget.value))))}
        />
      </div>
      <Field
        label={t('refund.amount', { currency: order.currency })}
        name="amount"
        inputMode="decimal"
        autocomplete="off"
        value={text.value}
        aria-invalid={isOver || isOverLimit}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
      {isOver ? <p class="field-problem">{t('refund.over')}</p> : null}
      {isOverLimit && limit !== null ? <p class="field-problem">{t('refund.overLimit', { limit })}</p> : null}
      {hasStatus ? <StatusSelect status={status} none={t('refund.keepStatus')} /> : null}
    </ActionDialog>
  )
}

interface StatusDialogProps {
  readonly order: OrderMoney
  readonly run: Run
  readonly onClose: () => void
}

export const StatusDialog = ({ order, run, onClose }: StatusDialogProps) => {
  const status = useSignal(order.status)
  return (
    <ActionDialog
      title={t('setStatus.title')}
      button={t('setStatus.title')}
      run={({ note, idempotencyKey }) => run({ action: 'set_status', status: status.value, note }, idempotencyKey)}
      onClose={onClose}
    >
      <p>{t('setStatus.detail')}</p>
      <StatusSelect status={status} />
    </ActionDialog>
  )
}

const StatusSelect = ({ status, none }: { status: { value: string }; none?: string }) => (
  <div class="field">
    <label for="field-status">{t('setStatus.status')}</label>
    <select
      id="field-status"
      name="status"
      value={status.value}
      onChange={(event) => (status.value = event.currentTarget.value)}
    >
      {none === undefined ? null : <option value="">{none}</option>}
      {ORDER_STATUSES.map((name) => (
        <option key={name} value={name}>
          {statusName(name)}
        </option>
      ))}
    </select>
  </div>
)

/** Refunds all that is left of the charge. */
export const CancelDialog = ({ order, run, onClose }: StatusDialogProps) => {
  const left = refundable(order)
  return (
    <ActionDialog
      title={t('cancel.title')}
      button={t('cancel.button')}
      kind="danger"
      {...(isZero(left) ? {} : { money: { amount: left, currency: order.currency } })}
      run={({ note, idempotencyKey }) => run({ action: 'cancel', note }, idempotencyKey)}
      onClose={onClose}
    >
      <p>
        {t('cancel.detail')} <Amount amount={left} currency={order.currency} />
      </p>
    </ActionDialog>
  )
}

import type { Notice } from './notices.ts'

/** The toasts for the notices of one moment: one for each of a few, or one for many. */
export type Toast =
  | { readonly kind: 'notice'; readonly notice: Notice }
  | { readonly kind: 'many'; readonly count: number; readonly refunds: number }

const TOASTS_AT_ONCE_MAX = 3

/** @param notices oldest first. */
export function toastsFor(notices: readonly Notice[]): Toast[] {
  if (notices.length <= TOASTS_AT_ONCE_MAX) return notices.map((notice) => ({ kind: 'notice', notice }))
  const refunds = notices.filter((notice) => notice.kind !== 'balance' && notice.refund !== undefined).length
  return [{ kind: 'many', count: notices.length, refunds }]
}

/**
 * The toasts to show after some are added to those that are shown: a few, or one that sums up all of them. It goes on
 * counting while it is shown.
 */
export function withToasts(shown: readonly Toast[], added: readonly Toast[]): readonly Toast[] {
  const all = [...shown, ...added]
  if (all.length <= TOASTS_AT_ONCE_MAX && all.every(({ kind }) => kind === 'notice')) return all
  const sum = (of: (toast: Toast) => number): number => all.reduce((total, toast) => total + of(toast), 0)
  return [{ kind: 'many', count: sum(countOf), refunds: sum(refundsOf) }]
}

const countOf = (toast: Toast): number => (toast.kind === 'many' ? toast.count : 1)

const refundsOf = (toast: Toast): number => {
  if (toast.kind === 'many') return toast.refunds
  return toast.notice.kind !== 'balance' && toast.notice.refund !== undefined ? 1 : 0
}

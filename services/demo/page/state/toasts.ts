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

export { decide, type Decision } from './decide.ts'
export { isVerified, movesMoney, type ChangingDecision } from './verify-refund.ts'
export { formatMoney, parseMoney, type Money } from './money.ts'
export type { OrderState } from './order-state.ts'
export { afterUpdates, needsApproval, parseRefundLimits, type RefundApproval } from './refund-approval.ts'
export { dripFeedReadings, refundTarget, totalQuantity, type DripFeedReadings } from './refund.ts'
export { REVIEW_REASONS, type ReviewReason } from './review-reason.ts'
export {
  PROVIDER_NAME,
  PROVIDER_NAME_MAX,
  type ParsedUpdate,
  type ParseError,
  type ParseResult,
  type Provider,
  type ProviderResponse,
  type ProviderClient,
  type StatusMap,
} from './provider.ts'
export { PROVIDER_ERROR_CODES, ProviderError, type ProviderErrorCode } from './provider-error.ts'
export type { StatusUpdate, UpdateProblem } from './status-update.ts'

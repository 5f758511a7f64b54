export {
  CONTROL_CHANNEL,
  EVENT_CHANNEL_SHARDS,
  GATEWAYS_CHANNEL,
  heartbeatChannel,
  ingestChannel,
  OPERATIONS_CHANNEL,
  userChannel,
  type BusMessage,
} from './channels.ts'
export { CLOSE_CODES, isReconnectable, type CloseReason } from './close-codes.ts'
export {
  DELIVERY_OUTCOMES,
  RECORDED_OUTCOMES,
  type DeliveryOutcome,
  type RecordedOutcome,
} from './delivery-outcomes.ts'
export { ERROR_CODES, type ErrorCode } from './error-codes.ts'
export { eventAtMs, eventSeq } from './event-bytes.ts'
export {
  CLOSED_STATUSES,
  isOpenStatus,
  isOrderStatus,
  OPEN_STATUSES,
  ORDER_STATUSES,
  statusText,
  type OpenStatus,
  type OrderStatus,
} from './order-status.ts'
export { OPERATIONS_CLOSE_CODES, type OperationsCloseReason } from './operations-close-codes.ts'
export {
  CHECK_REVISION,
  ORDER_REQUESTS_REVISION,
  PROTOCOL_REVISION,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_MIN,
  SEEN_REVISION,
} from './protocol-version.ts'
export { FINGERPRINT_CHARS, fingerprintText, SECRET_KINDS, type SecretKind } from './secret-kinds.ts'
export { fillSentence, type SentenceValues } from './fill-sentence.ts'
export { DEFAULT_WEBHOOK_TYPES, WEBHOOK_TYPES, type WebhookType } from './webhook-types.ts'
export { CURSOR_CHARS_MAX, DRAIN_MS_MAX, PAGE_ORDERS_MAX, TOKEN_CHARS_MAX } from './wire-limits.ts'

export { boundedText } from './bounded-text.ts'
export { CLOSE_CODES, isReconnectable, type CloseReason } from './close-codes.ts'
export { EVENT_CHANNEL_SHARDS, probeChannel, userChannel, type BusMessage } from './channels.ts'
export { ERROR_CODES, problem, problemSchema, type ErrorCode, type Problem } from './error-codes.ts'
export {
  currencySchema,
  identifierSchema,
  moneySchema,
  positiveMoneySchema,
  seqSchema,
  timestampSchema,
} from './scalars.ts'
export {
  accountViewSchema,
  orderEventSchema,
  orderViewSchema,
  refundViewSchema,
  type AccountView,
  type OrderEvent,
  type OrderView,
  type RefundView,
} from './order-event.ts'
export { encodeEvent, eventAtMs, eventSeq } from './event-bytes.ts'
export { OPEN_STATUSES, ORDER_STATUSES, orderStatusSchema, type OrderStatus } from './order-status.ts'
export { PROTOCOL_VERSION } from './protocol-version.ts'
export {
  clientMessageSchema,
  positionSchema,
  serverMessageSchema,
  type ClientMessage,
  type Position,
  type ServerMessage,
  type Welcome,
} from './wire.ts'

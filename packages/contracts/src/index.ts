export * from './data/index.ts'
export {
  connectionReportSchema,
  controlMessageSchema,
  gatewayMessageSchema,
  parseBusMessage,
  type AnnouncedSecret,
  type ConnectionReport,
  type ControlMessage,
  type GatewayMessage,
  type ReceiptsMessage,
  type Receipt,
  type SentPosition,
} from './schemas/control.ts'
export {
  OPERATIONS_ROWS_MAX,
  operationsMessageSchema,
  operatorClientMessageSchema,
  operatorServerMessageSchema,
  type OperationsBatch,
  type OperationsMessage,
  type OperationsRow,
  type OperatorClientMessage,
  type OperatorServerMessage,
} from './schemas/operations-message.ts'
export { asyncApiDocument, messageJsonSchema } from './schemas/async-api.ts'
export { encodeEvent } from './schemas/encode-event.ts'
export {
  accountViewSchema,
  balanceModeSchema,
  orderEventSchema,
  orderStatusSchema,
  orderViewSchema,
  refundViewSchema,
  totalsViewSchema,
  type AccountView,
  type BalanceMode,
  type OrderEvent,
  type OrderView,
  type RefundView,
  type TotalsView,
} from './schemas/order-event.ts'
export { boundedText } from './schemas/bounded-text.ts'
export { problem, problemSchema, type Problem } from './schemas/problem.ts'
export {
  currencySchema,
  identifierSchema,
  moneySchema,
  positiveMoneySchema,
  seqSchema,
  timestampSchema,
} from './schemas/scalars.ts'
export {
  CLIENT_MESSAGE_TYPES,
  clientMessageSchema,
  positionSchema,
  serverMessageSchema,
  type ClientMessage,
  type Position,
  type ServerMessage,
  type Welcome,
} from './schemas/wire.ts'

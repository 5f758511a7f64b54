export { connect } from './client.ts'
export { ClientError } from './client-error.ts'
export type {
  AccountEvent,
  AccountView,
  Client,
  ClientEvent,
  ClientEventOf,
  ClientEventType,
  ConnectionStatus,
  ConnectOptions,
  OrderChange,
  OrderStatus,
  OrderView,
  Position,
  RefundEvent,
  RefundView,
  SnapshotEvent,
  StatusEvent,
  TokenReason,
  TokenRequest,
  UnknownEvent,
} from './api.ts'

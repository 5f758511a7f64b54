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
  OrderView,
  Position,
  RefundEvent,
  RefundView,
  SnapshotEvent,
  StatusEvent,
  TokenReason,
  TokenRequest,
} from './api.ts'

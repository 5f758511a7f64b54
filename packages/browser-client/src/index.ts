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
  OrderPage,
  OrderStatus,
  OrderView,
  Position,
  RefundEvent,
  RefundView,
  SnapshotEvent,
  StatusEvent,
  TokenReason,
  TokenRequest,
  TotalsView,
  UnknownEvent,
} from './api.ts'
export { createOrderStore, findOrder, type OrderStore, type OrderStoreOptions } from './store/order-store.ts'
export type { OrderState, RenderedState } from './store/order-state.ts'

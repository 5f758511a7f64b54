export { createPanelClient } from './client/panel-client.ts'
export type {
  Accounts,
  ApiKeys,
  Changes,
  Connections,
  Deliveries,
  Operators,
  Orders,
  PanelClient,
  OutgoingWebhooks,
  WebhookEndpoints,
  Refunds,
  Reviews,
  Tokens,
  Users,
} from './client/panel-client.ts'
export { PanelApiError, type PanelApiErrorCode } from './client/panel-api-error.ts'
export type { List } from './client/pages.ts'
export type { RegisteredOrders } from './client/register-many.ts'
export type { PanelClientOptions, RequestOptions } from './client/transport.ts'
export {
  type AccountOpening,
  type AccountResponse,
  accountResponseSchema,
  accountSchema,
  type DepositRequest,
  type DepositResponse,
  depositResponseSchema,
  depositSchema,
  type LedgerEntry,
  ledgerEntrySchema,
  openingSchema,
  type PanelAccount,
} from './schemas/accounts.ts'
export {
  BULK_BODY_BYTES_MAX,
  BULK_ROWS_MAX,
  bulkRegistrationSchema,
  type BulkResponse,
  bulkResponseSchema,
  type RowResult,
  rowResultSchema,
} from './schemas/bulk-orders.ts'
export {
  CHANGE_TYPES,
  type ChangeFeed,
  changeFeedSchema,
  changeSchema,
  CHANGES_MAX,
  CHANGES_WAIT_S_MAX,
  type ChangeType,
  type PanelChange,
  readChangesQuery,
  type ReadChangesQuery,
} from './schemas/changes.ts'
export {
  type ConnectionCounts,
  connectionCountsSchema,
  type DisconnectedUser,
  disconnectedSchema,
  type RevokedTokens,
  revokedTokensSchema,
  type UserConnection,
  userConnectionSchema,
  type UserConnections,
  userConnectionsSchema,
} from './schemas/connections.ts'
export {
  deliveryIdSchema,
  deliveryOutcomeSchema,
  type DeliveryResponse,
  deliveryResponseSchema,
  deliverySchema,
  type DeliveryView,
  fullDeliverySchema,
  type FullDeliveryView,
  instantSchema,
  listDeliveriesQuery,
  type ListDeliveriesQuery,
  type ParsedReplayRange,
  type Replay,
  type ReplayPage,
  replayPageSchema,
  type ReplayRange,
  replayRangeSchema,
  type ReplayResponse,
  replayResponseSchema,
  replayResultSchema,
  REPLAYS_SHOWN_MAX,
} from './schemas/deliveries.ts'
export {
  HISTORY_MAX,
  listOrdersQuery,
  type ListOrdersQuery,
  type OrderHistory,
  orderHistorySchema,
  orderPageSchema,
  type PanelOrder,
  panelOrderSchema,
  type RegisteredOrder,
  registeredSchema,
} from './schemas/orders.ts'
export { type Page, PAGE_SIZE_MAX, pageQuery, type PageQuery, pageSchema } from './schemas/page.ts'
export {
  endpointIdSchema,
  DEFAULT_WEBHOOK_TYPES,
  fullOutgoingWebhookSchema,
  type FullOutgoingWebhookView,
  listOutgoingWebhooksQuery,
  type ListOutgoingWebhooksQuery,
  outgoingWebhookSchema,
  type OutgoingWebhookView,
  type RetriedWebhooks,
  retriedWebhooksSchema,
} from './schemas/outgoing-webhooks.ts'
export {
  type ChangeEndpoint,
  changeEndpointSchema,
  type CreatedEndpoint,
  createdEndpointSchema,
  type CreateEndpoint,
  createEndpointSchema,
  deletedEndpointSchema,
  type EndpointList,
  endpointListSchema,
  type PingResult,
  pingSchema,
  type RotatedSecret,
  rotatedSecretSchema,
  rotateSecretSchema,
  type WebhookEndpoint,
  webhookEndpointSchema,
} from './schemas/webhook-endpoints.ts'
export { positionFields } from './schemas/position.ts'
export {
  type PanelRefund,
  readRefundsQuery,
  type ReadRefundsQuery,
  type RefundFeed,
  refundFeedSchema,
  refundSchema,
} from './schemas/refunds.ts'
export { idSchema, type Registration, type RegistrationBody, registrationSchema } from './schemas/registration.ts'
export {
  type AttachedProviderOrder,
  attachedProviderOrderSchema,
  type AttachProviderOrder,
  attachProviderOrderSchema,
  type HeldProviderOrder,
} from './schemas/provider-orders.ts'
export { reviewReasonSchema } from './schemas/review-reason.ts'
export {
  listReviewsQuery,
  type ListReviewsQuery,
  orderRefundSchema,
  resolutionSchema,
  type ResolvedReview,
  resolvedSchema,
  type ResolveRequest,
  resolveSchema,
  type Review,
  REVIEW_PARTS_MAX,
  type ReviewCase,
  reviewCaseSchema,
  reviewSchema,
  type ReplayWordRequest,
  replayWordSchema,
  type UnknownWord,
  unknownWordSchema,
  type WordReplay,
  wordReplaySchema,
} from './schemas/reviews.ts'
export {
  type BrowserToken,
  type RevokedToken,
  revokedTokenSchema,
  type TokenRequest,
  tokenRequestSchema,
  type TokenRevocation,
  tokenRevocationSchema,
  tokenSchema,
} from './schemas/tokens.ts'
export {
  fullRejectedRequestSchema,
  type FullRejectedRequestView,
  listRejectedRequestsQuery,
  type ListRejectedRequestsQuery,
  type RejectedReplay,
  type RejectedReplayPage,
  rejectedReplayPageSchema,
  rejectedReplaySchema,
  rejectedRequestSchema,
  type RejectedRequestView,
  type ReplayRejected,
  replayRejectedSchema,
} from './schemas/rejected-requests.ts'
export {
  type ActedOnOrder,
  actedOnOrderSchema,
  type ActOnOrder,
  actOnOrderSchema,
  orderActionSchema,
  type OrderActionView,
  type ParsedActOnOrder,
} from './schemas/order-actions.ts'
export { ALL_SCOPES, type OperatorRole, ROLE_SCOPES, type Scope, SCOPES } from './scopes.ts'
export { operatorRoleSchema, scopeSchema } from './schemas/scopes.ts'
export {
  apiKeyIdSchema,
  type ApiKeyList,
  apiKeyListSchema,
  apiKeySchema,
  type ApiKeyView,
  type RevokedApiKey,
  revokedApiKeySchema,
} from './schemas/api-keys.ts'
export {
  auditEntrySchema,
  type AuditEntryView,
  listAuditLogQuery,
  type ListAuditLogQuery,
} from './schemas/audit-log.ts'
export {
  type ChangeOperator,
  changeOperatorSchema,
  type InvitedOperator,
  invitedOperatorSchema,
  type InviteOperator,
  inviteOperatorSchema,
  operatorIdSchema,
  type OperatorLinkView,
  operatorLinkSchema,
  type OperatorList,
  operatorListSchema,
  operatorNameSchema,
  operatorSchema,
  type OperatorView,
} from './schemas/operators.ts'

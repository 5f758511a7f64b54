export { type ApiKeyStoreOptions, type ApiKeyStore, createApiKeyStore } from './api-key-store.ts'
export { createApiLimiters, type ApiLimiters } from './api-limits.ts'
export { type ApiDeps, type PanelApi } from './api.ts'
export {
  type AccountWriteDeps,
  addAudit,
  type AuditDeps,
  auditedChange,
  auditedRequest,
  commitAccountWrite,
  commitRequest,
  createTokenLog,
  describeChange,
  type TokenLog,
} from './audit.ts'
export { addAuthentication, type AuthenticationDeps, type SessionAuthentication } from './authenticate.ts'
export { addBusyMetrics, type BusyDoor } from './busy-metrics.ts'
export { startCallChaining } from './chain-calls.ts'
export { boundConcurrency, type BusyRejection, type ConcurrencyDeps } from './concurrency.ts'
export { createCursorRejection, type RejectCursor } from './cursor-rejection.ts'
export { idempotencyHeaders, idempotentRequest } from './idempotency.ts'
export { registerOpenApi } from './openapi/openapi.ts'
export { namedSchemas, type OperationOptions, COMMON_ERRORS, operation } from './operation.ts'
export { createOrderUsers, type OrderUsers } from './order-users.ts'
export { encodeCursor, decodeCursor, toPage } from './page.ts'
export {
  authorOf,
  ENVIRONMENT_KEY,
  knownPrincipal,
  type Principal,
  principalOf,
  rememberPrincipal,
} from './principal.ts'
export { rejectUnknownParameters } from './query-parameters.ts'
export { sendResponse, reject } from './response.ts'
export { toPanelApi } from './to-panel-api.ts'
export { userParams } from './user-params.ts'

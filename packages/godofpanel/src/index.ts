export { PROVIDER } from './provider.ts'
export { parseUpdates, type ParsedUpdate, type ParseResult } from './parse-updates.ts'
export {
  createProviderClient,
  isAskable,
  STATUS_ORDERS_MAX,
  type OrderToPlace,
  type ProviderClient,
  type ProviderClientOptions,
  type StatusAnswer,
} from './client/provider-client.ts'
export { PROVIDER_ERROR_CODES, ProviderError, type ProviderErrorCode } from './client/provider-error.ts'
export type { ProviderBalance, ProviderService } from './client/answers.ts'

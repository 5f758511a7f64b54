import type { OrderStatus } from '@paxyo/contracts'
import type { StatusUpdate } from './status-update.ts'

/**
 * One upstream provider, as a value: how its webhooks are read, what its words mean, and how it is asked.
 * Everything that names an order outside of this system names it by the provider's name and the provider's id.
 */
export interface Provider {
  /** Names it in addresses, rows and configuration: see {@link PROVIDER_NAME}. It never changes. */
  readonly name: string
  /** What its words mean, beside those that every provider of its format uses. */
  readonly statusMap: StatusMap
  /** The status that one of its words means; `unknown` when it is in no map. A word is never guessed. */
  readStatus(word: string): OrderStatus | 'ignored' | 'unknown'
  /**
   * Reads a webhook's body.
   *
   * @param contentType the request's, as a hint; undefined when it has none.
   */
  parseUpdates(contentType: string | undefined, bytes: Uint8Array): ParseResult
  /** Its API; undefined when it cannot be asked. */
  readonly client?: ProviderClient | undefined
}

/** A provider's words and what they mean; `ignore` for one that changes nothing. Case, spaces, `_` and `-` make no difference. */
export type StatusMap = Readonly<Record<string, OrderStatus | 'ignore'>>

/** One update of a request. */
export interface ParsedUpdate {
  /** `undefined` when this entry names no order although others of the request do: a person must look at it. */
  readonly update: StatusUpdate | undefined
  /** What the provider sent about this order, as text: the request's own body when it holds this update alone. */
  readonly body: string
}

/** Why a body could not be read. */
export type ParseError = 'malformed_json' | 'malformed_form' | 'order_id_missing' | 'no_updates' | 'too_many_updates'

export type ParseResult =
  | { readonly updates: readonly ParsedUpdate[] }
  | { readonly error: ParseError; readonly detail?: string }

/** What a provider says about one order when it is asked. A cost and a currency in it are the provider's. */
export interface ProviderResponse {
  /** Its problem is `provider_error` when the provider does not know the order. */
  readonly update: StatusUpdate
  /** Text that `parseUpdates` reads as this update again. */
  readonly body: string
}

/** The part of a provider's API that this system needs. Everything throws `ProviderError` and nothing else. */
export interface ProviderClient {
  /** The most orders that one request may ask about. */
  readonly ordersMax: number
  /** Whether the API can be asked about an order: an id may hold what separates ids there. */
  isAskable(providerOrderId: string): boolean
  /** Asks about up to `ordersMax` orders in one request. Those that the response leaves out are not in the map. */
  statuses(providerOrderIds: readonly string[]): Promise<ReadonlyMap<string, ProviderResponse>>
  /** Ends requests that wait or are in flight with `closed`. */
  close(): Promise<void>
}

/** A provider's name: 1 to 32 lower-case letters, digits and hyphens, beginning with a letter. */
export const PROVIDER_NAME = /^[a-z][a-z0-9-]{0,31}$/
export const PROVIDER_NAME_MAX = 32

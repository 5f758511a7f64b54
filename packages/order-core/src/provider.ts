import type { OrderStatus } from '@paxyo/contracts'
import type { StatusUpdate } from './status-update.ts'

/**
 * One upstream provider, as a value: its webhook parser, its status words and its API client.
 * Outside this system, the provider's name and the provider's id identify an order.
 */
export interface Provider {
  /** Its name in URLs, rows and configuration: see {@link PROVIDER_NAME}. It never changes. */
  readonly name: string
  /** The meaning of its status words, in addition to those of its format. */
  readonly statusMap: StatusMap
  /** Maps a status word to a status; `unknown` when it is in no map. A word is never guessed. */
  readStatus(word: string): OrderStatus | 'ignored' | 'unknown'
  /** Replaces the words that people mapped while it runs. Those of its format and configuration take precedence. */
  mapWords(words: StatusMap): void
  /**
   * Parses a webhook's body.
   *
   * @param contentType of the request, as a hint; undefined when it has none.
   */
  parseUpdates(contentType: string | undefined, bytes: Uint8Array): ParseResult
  /** Its API; undefined when it has none. */
  readonly client?: ProviderClient | undefined
}

/** A provider's status words and their meaning; `ignore` for a word that changes nothing. Case, spaces, `_` and `-` make no difference. */
export type StatusMap = Readonly<Record<string, OrderStatus | 'ignore'>>

/** One update of a request. */
export interface ParsedUpdate {
  /** `undefined` when this entry names no order although others of the request do: it opens a review. */
  readonly update: StatusUpdate | undefined
  /** The provider's text about this order: the request's own body when it contains only this update. */
  readonly body: string
}

/** Why a body could not be read. */
export type ParseError = 'malformed_json' | 'malformed_form' | 'order_id_missing' | 'no_updates' | 'too_many_updates'

export type ParseResult =
  | { readonly updates: readonly ParsedUpdate[] }
  | { readonly error: ParseError; readonly detail?: string }

/** A provider's response about one order. A cost and a currency in it are the provider's. */
export interface ProviderResponse {
  /** Its problem is `provider_error` when the provider does not know the order. */
  readonly update: StatusUpdate
  /** Text that `parseUpdates` parses to this update. */
  readonly body: string
}

/** The part of a provider's API that this system needs. Every method throws only `ProviderError`. */
export interface ProviderClient {
  /** The maximum number of orders that one request may ask about. */
  readonly ordersMax: number
  /** Whether the API can be asked about an order: an id may contain the API's separator. */
  isAskable(providerOrderId: string): boolean
  /** Asks about up to `ordersMax` orders in one request. The map lacks orders that the response leaves out. */
  statuses(providerOrderIds: readonly string[]): Promise<ReadonlyMap<string, ProviderResponse>>
  /** Ends waiting and running requests with `closed`. */
  close(): Promise<void>
}

/** A provider's name: 1 to 32 lower-case letters, digits and hyphens, beginning with a letter. */
export const PROVIDER_NAME = /^[a-z][a-z0-9-]{0,31}$/
export const PROVIDER_NAME_MAX = 32

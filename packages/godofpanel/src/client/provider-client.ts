import { ProviderError, type ProviderResponse, type ProviderClient } from '@paxyo/order-core'
import { readStatuses } from './read-statuses.ts'
import type { ReadStatus } from '../status-words.ts'
import {
  addedSchema,
  balanceSchema,
  firstWords,
  readResponse,
  readJson,
  readErrorMessage,
  servicesSchema,
  type ProviderBalance,
  type ProviderService,
} from './responses.ts'
import { createTransport, type Parameters } from './transport.ts'

export interface GodOfPanelClientOptions {
  /** The API v2's one address, such as `https://godofpanel.com/api/v2`. */
  readonly url: string
  readonly key: string
  /** How many requests may begin in a second. */
  readonly requestsPerSecond?: number
  /** How long one attempt may take. */
  readonly timeoutMs?: number
  /** How many times a read-only request is sent at most. */
  readonly attemptsMax?: number
}

/** An order to place with the provider. */
export interface OrderToPlace {
  readonly service: string
  readonly link: string
  readonly quantity?: number
  /** Drip-feed: the number of runs, and the minutes between them. */
  readonly runs?: number
  readonly interval?: number
  /** One comment per line, for services that need them. */
  readonly comments?: readonly string[]
  /** Parameters of other types of services, such as `username` or `delay`. */
  readonly more?: Parameters
}

/** A client for the provider's API v2. Its methods throw only ProviderError. */
export interface GodOfPanelClient extends ProviderClient {
  /** Asks about one order. */
  status(orderId: string): Promise<ProviderResponse>
  services(): Promise<ProviderService[]>
  balance(): Promise<ProviderBalance>
  /**
   * Places an order and returns the provider's id for it. The request is never retried: after `outcome_unknown` the
   * order may have been placed.
   */
  add(order: OrderToPlace): Promise<string>
}

/** How many orders one request may name. */
const STATUS_ORDERS_MAX = 100
const REQUESTS_PER_SECOND = 5
const TIMEOUT_MS = 10_000
const ATTEMPTS_MAX = 3
const RESPONSE_BYTES_MAX = 262_144
/** A provider's price list has thousands of lines. */
const SERVICES_BYTES_MAX = 16_777_216

export function createGodOfPanelClient(options: GodOfPanelClientOptions, readStatus: ReadStatus): GodOfPanelClient {
  const { key } = options
  const transport = createTransport({
    requestsPerSecond: REQUESTS_PER_SECOND,
    timeoutMs: TIMEOUT_MS,
    attemptsMax: ATTEMPTS_MAX,
    ...options,
  })

  async function status(orderId: string): Promise<ProviderResponse> {
    const { text, found } = await askAboutOne(orderId)
    const response = found.get(orderId)
    if (response !== undefined) return response
    throw new ProviderError('malformed_response', `no status: ${firstWords(text, key)}`, { status: 200 })
  }

  async function askAboutOne(orderId: string): Promise<{ text: string; found: Map<string, ProviderResponse> }> {
    const { text, value, error } = await askStatus({ order: askable(orderId) })
    if (error !== undefined && !isAboutOrders(error)) throw rejected(error)
    return { text, found: readStatuses(value, [orderId], readStatus) }
  }

  async function askStatus(parameters: Parameters): Promise<{ text: string; value: unknown; error?: string }> {
    const text = await transport.ask('status', parameters, RESPONSE_BYTES_MAX)
    const value = readJson(text, key)
    const error = readErrorMessage(value, key)
    return { text, value, ...(error === undefined ? {} : { error }) }
  }

  /**
   * Some providers reject a whole request because of one order in it. Halves of it are then asked about, down to single
   * orders, so that the others get their statuses.
   */
  async function statusesOf(orderIds: readonly string[]): Promise<ReadonlyMap<string, ProviderResponse>> {
    // Some providers support only `order`, or respond flat to a list of one.
    if (orderIds.length === 1) return (await askAboutOne(orderIds[0]!)).found
    const { value, error } = await askStatus({ orders: orderIds.map(askable).join(',') })
    if (error === undefined) return readStatuses(value, orderIds, readStatus)
    if (!isAboutOrders(error)) throw rejected(error)
    const middle = orderIds.length >> 1
    const first = await statusesOf(orderIds.slice(0, middle))
    return new Map([...first, ...(await statusesOf(orderIds.slice(middle)))])
  }

  return {
    ordersMax: STATUS_ORDERS_MAX,
    isAskable,

    status,

    async statuses(orderIds) {
      if (orderIds.length === 0) return new Map()
      if (orderIds.length > STATUS_ORDERS_MAX) {
        throw new ProviderError('invalid_request', `more than ${STATUS_ORDERS_MAX} orders`)
      }
      return statusesOf(orderIds)
    },

    async services() {
      return readResponse(servicesSchema, await transport.ask('services', {}, SERVICES_BYTES_MAX), key)
    },

    async balance() {
      return readResponse(balanceSchema, await transport.ask('balance', {}, RESPONSE_BYTES_MAX), key)
    },

    async add({ service, link, quantity, runs, interval, comments, more }) {
      const numbers = Object.entries({ quantity, runs, interval }).filter(([, number]) => number !== undefined)
      const response = await transport.order(
        'add',
        {
          ...more,
          service,
          link,
          ...Object.fromEntries(numbers.map(([name, number]) => [name, String(number)])),
          ...(comments === undefined ? {} : { comments: comments.join('\n') }),
        },
        RESPONSE_BYTES_MAX,
      )
      try {
        return readResponse(addedSchema, response, key).order
      } catch (error) {
        if ((error as ProviderError).code === 'rejected') throw error
        throw new ProviderError('outcome_unknown', 'the response has no order id', { cause: error })
      }
    },

    close: () => transport.close(),
  }
}

/** A wrong key and an unknown order are reported in the same shape; only the text differs. */
const isAboutOrders = (errorMessage: string): boolean => /order/i.test(errorMessage)

const rejected = (errorMessage: string): ProviderError => new ProviderError('rejected', errorMessage, { status: 200 })

/** Ids are separated by commas. */
const isAskable = (orderId: string): boolean => /^[^\s,]{1,128}$/.test(orderId)

function askable(orderId: string): string {
  if (!isAskable(orderId)) throw new ProviderError('invalid_request', 'an order id with a comma or a space')
  return orderId
}

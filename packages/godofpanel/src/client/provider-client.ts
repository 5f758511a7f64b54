import { ProviderError, type ProviderResponse, type ProviderClient } from '@paxyo/order-core'
import { readStatuses } from './read-statuses.ts'
import type { ReadStatus } from '../status-words.ts'
import {
  addedSchema,
  balanceSchema,
  firstWords,
  readAnswer,
  readJson,
  readRefusal,
  servicesSchema,
  type ProviderBalance,
  type ProviderService,
} from './answers.ts'
import { createTransport, type Parameters } from './transport.ts'

export interface GodOfPanelClientOptions {
  /** The API v2's one address, such as `https://godofpanel.com/api/v2`. */
  readonly url: string
  readonly key: string
  /** How many requests may begin in a second. */
  readonly requestsPerSecond?: number
  /** How long one attempt may take. */
  readonly timeoutMs?: number
  /** How often a request that changes nothing is sent. */
  readonly attemptsMax?: number
}

/** An order to be placed with the provider. */
export interface OrderToPlace {
  readonly service: string
  readonly link: string
  readonly quantity?: number
  /** Drip-feed: so many runs, so many minutes apart. */
  readonly runs?: number
  readonly interval?: number
  /** One comment a line, for services that want them. */
  readonly comments?: readonly string[]
  /** What services of other types want, such as `username` or `answer_number`. */
  readonly more?: Parameters
}

/** The provider's API v2, whole. Everything throws ProviderError and nothing else. */
export interface GodOfPanelClient extends ProviderClient {
  /** Asks about one order. */
  status(orderId: string): Promise<ProviderResponse>
  services(): Promise<ProviderService[]>
  balance(): Promise<ProviderBalance>
  /**
   * Places an order and returns the provider's id for it. Sent once, whatever happens: after `outcome_unknown` it may
   * have been placed.
   */
  add(order: OrderToPlace): Promise<string>
}

/** The most orders that the API answers for at once. */
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

  return {
    ordersMax: STATUS_ORDERS_MAX,
    isAskable,

    async status(orderId) {
      const answer = await transport.ask('status', { order: askable(orderId) }, RESPONSE_BYTES_MAX)
      const value = readJson(answer, key)
      const refusal = readRefusal(value, key)
      // The same shape says that the key is wrong and that the order is unknown; only the words differ.
      if (refusal !== undefined && !/order/i.test(refusal)) throw new ProviderError('rejected', refusal)
      const found = readStatuses(value, [orderId], readStatus).get(orderId)
      if (found === undefined) throw new ProviderError('malformed_response', `no status: ${firstWords(answer, key)}`)
      return found
    },

    async statuses(orderIds) {
      if (orderIds.length === 0) return new Map()
      if (orderIds.length > STATUS_ORDERS_MAX) {
        throw new ProviderError('invalid_request', `more than ${STATUS_ORDERS_MAX} orders`)
      }
      // Some APIs know only `order`, and respond to a list of one as if it were several.
      if (orderIds.length === 1) return new Map([[orderIds[0]!, await this.status(orderIds[0]!)]])
      const answer = await transport.ask('status', { orders: orderIds.map(askable).join(',') }, RESPONSE_BYTES_MAX)
      const value = readJson(answer, key)
      const refusal = readRefusal(value, key)
      if (refusal !== undefined) throw new ProviderError('rejected', refusal)
      return readStatuses(value, orderIds, readStatus)
    },

    async services() {
      return readAnswer(servicesSchema, await transport.ask('services', {}, SERVICES_BYTES_MAX), key)
    },

    async balance() {
      return readAnswer(balanceSchema, await transport.ask('balance', {}, RESPONSE_BYTES_MAX), key)
    },

    async add({ service, link, quantity, runs, interval, comments, more }) {
      const numbers = Object.entries({ quantity, runs, interval }).filter(([, number]) => number !== undefined)
      const answer = await transport.order(
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
        return readAnswer(addedSchema, answer, key).order
      } catch (error) {
        if ((error as ProviderError).code === 'rejected') throw error
        throw new ProviderError('outcome_unknown', 'the answer has no order id', { cause: error })
      }
    },

    close: () => transport.close(),
  }
}

/** Ids are separated by commas. */
const isAskable = (orderId: string): boolean => /^[^\s,]{1,128}$/.test(orderId)

function askable(orderId: string): string {
  if (!isAskable(orderId)) throw new ProviderError('invalid_request', 'an order id with a comma or a space')
  return orderId
}

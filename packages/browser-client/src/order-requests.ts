// Requests for orders that the page does not have: older ones, and some by their ids.
//
// It guarantees that the orders it returns are as of the stream's position: the page can take them over like the orders of
// an event. Each response has a seq. One that is ahead waits until the stream has reached it; in one that is
// behind, the orders that later events have changed are replaced by those of the events.
//
// One request is under way at a time, over this tab's connection, or over that of the leading tab while that is live. The
// client retries one without a response as soon as there is a connection again.

import type { ClientMessage, ServerMessage } from '@paxyo/contracts'
import { PAGE_ORDERS_MAX } from '@paxyo/contracts/data'
import type { OrderPage, OrderView } from './api.ts'
import { ClientError } from './client-error.ts'
import type { Stream } from './stream.ts'
import { isAboutOrder, type ReceivedEvent } from './wire.ts'

export type OrderRequest = Extract<ClientMessage, { type: 'page' | 'orders' }>
export type OrderResponse = Extract<ServerMessage, { type: 'page' | 'orders' | 'error' }>
type Found = Exclude<OrderResponse, { type: 'error' }>
/** Orders as of a position. */
type FoundAt = Found & { readonly epoch: string | undefined }

export interface OrderRequestDeps {
  readonly stream: Stream
  /** The way to the server: over this tab's own connection, over another tab's, or none at present. */
  route(): 'own' | 'leader' | 'unsupported' | undefined
  send(request: OrderRequest, route: 'own' | 'leader'): void
}

interface Waiting {
  readonly request: OrderRequest
  resolve(found: Found): void
  reject(error: ClientError): void
}

const WAITING_MAX = 100
/** A leader that was closed, or an older version in another tab, does not respond. */
const LEADER_TIMEOUT_MS = 5_000
const LEADER_TIMEOUTS_MAX = 3
const ATTEMPTS_MAX = 3
/** Ids of any length fit into a message. */
const IDS_CHARS_MAX = 4_000

export class OrderRequests {
  readonly #deps: OrderRequestDeps
  readonly #queue: Waiting[] = []
  /** Called when the stream's position moves. */
  #onAdvanced: (() => void)[] = []
  #route: ReturnType<OrderRequestDeps['route']>
  #isSent = false
  #timeouts = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #ended: ClientError | undefined

  constructor(deps: OrderRequestDeps) {
    this.#deps = deps
  }

  async page(before: string | undefined, limit: number | undefined): Promise<OrderPage> {
    const request = {
      type: 'page',
      ...(before === undefined ? {} : { before }),
      ...(limit === undefined ? {} : { limit }),
    }
    const [page] = await this.#current([request as OrderRequest])
    return { orders: page!.orders, older: page!.type === 'page' ? page!.older : undefined }
  }

  async byIds(orderIds: readonly string[]): Promise<OrderView[]> {
    const found = await this.#current(Array.from(parts(orderIds), (ids) => ({ type: 'orders', ids })))
    return found.flatMap(({ orders }) => orders)
  }

  /** Sends a request as it is, for this tab or for another one. */
  ask(request: OrderRequest): Promise<Found> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended)
      if (this.#queue.length >= WAITING_MAX) {
        return reject(new ClientError('too_many_requests', `more than ${WAITING_MAX} requests are waiting`))
      }
      this.#queue.push({ request, resolve, reject })
      this.#pump()
    })
  }

  /** @param request what the response is to, if it is known: another tab may respond after a request was given up. */
  receive(response: OrderResponse, request?: OrderRequest): void {
    const waiting = this.#queue[0]
    const type = response.type === 'error' ? response.request : response.type
    if (!this.#isSent || waiting === undefined || waiting.request.type !== type) return
    if (request !== undefined && JSON.stringify(request) !== JSON.stringify(waiting.request)) return
    clearTimeout(this.#timer)
    if (response.type === 'error' && response.retryAfterMs !== undefined) {
      this.#timer = setTimeout(() => this.#again(), response.retryAfterMs)
      return
    }
    this.#queue.shift()
    if (response.type === 'error') waiting.reject(new ClientError(response.code, response.message))
    else waiting.resolve(response)
    this.#timeouts = 0
    this.#again()
  }

  /** The leading tab still waits for the response. */
  underWay(): void {
    this.#timeouts = 0
  }

  routeChanged(): void {
    if (this.#deps.route() !== this.#route) this.#again()
  }

  advanced(): void {
    const waiting = this.#onAdvanced
    this.#onAdvanced = []
    for (const look of waiting) look()
  }

  end(error = new ClientError('closed', 'the client was closed', { final: true })): void {
    this.#ended = error
    clearTimeout(this.#timer)
    for (const waiting of this.#queue.splice(0)) waiting.reject(error)
    this.advanced()
  }

  #again(): void {
    clearTimeout(this.#timer)
    this.#isSent = false
    this.#pump()
  }

  #pump(): void {
    this.#route = this.#deps.route()
    const waiting = this.#queue[0]
    if (this.#isSent || waiting === undefined || this.#route === undefined) return
    if (this.#route === 'unsupported' || this.#timeouts >= LEADER_TIMEOUTS_MAX) {
      this.#queue.shift()
      this.#timeouts = 0
      waiting.reject(new ClientError('unsupported', 'the server does not send orders on request'))
      return this.#pump()
    }
    this.#isSent = true
    if (this.#route === 'leader') {
      this.#timer = setTimeout(() => {
        this.#timeouts += 1
        this.#again()
      }, LEADER_TIMEOUT_MS)
    }
    this.#deps.send(waiting.request, this.#route)
  }

  /** Asks, again when the events that have changed a response's orders are no longer known. All are as of one position. */
  async #current(requests: readonly OrderRequest[]): Promise<Found[]> {
    const found = new Map<OrderRequest, FoundAt>()
    let outdated = requests
    for (let attempt = 1; outdated.length > 0 && attempt <= ATTEMPTS_MAX; attempt += 1) {
      for (const request of outdated) {
        const response = await this.ask(request)
        found.set(request, { ...response, epoch: this.#deps.stream.position?.epoch })
      }
      for (const response of found.values()) await this.#reached(response)
      outdated = requests.filter((request) => this.#changesSince(found.get(request)!) === undefined)
    }
    return requests.map((request) => this.#withChanges(found.get(request)!))
  }

  /** @returns undefined when they are not known any longer. */
  #changesSince({ epoch, seq }: FoundAt): readonly ReceivedEvent[] | undefined {
    return epoch === undefined ? undefined : this.#deps.stream.since({ epoch, seq })
  }

  #withChanges(found: FoundAt): Found {
    const changed = new Map<string, OrderView>()
    for (const event of this.#changesSince(found) ?? []) {
      if (isAboutOrder(event)) changed.set(event.order.orderId, event.order)
    }
    const orders = found.orders.map((order) => changed.get(order.orderId) ?? order) as typeof found.orders
    return { ...found, orders }
  }

  /** Also resolves when the epoch has changed: the stream may never come so far. @throws when the client was closed. */
  async #reached({ epoch, seq }: FoundAt): Promise<void> {
    const isBehind = (): boolean => {
      const { position } = this.#deps.stream
      return position !== undefined && position.epoch === epoch && position.seq < seq
    }
    while (isBehind() && this.#ended === undefined) {
      await new Promise<void>((resolve) => this.#onAdvanced.push(resolve))
    }
    if (this.#ended !== undefined) throw this.#ended
  }
}

function* parts(ids: readonly string[]): Generator<string[]> {
  let part: string[] = []
  let chars = 0
  for (const id of new Set(ids)) {
    if (part.length === PAGE_ORDERS_MAX || chars + id.length > IDS_CHARS_MAX) {
      yield part
      part = []
      chars = 0
    }
    part.push(id)
    chars += id.length
  }
  if (part.length > 0) yield part
}

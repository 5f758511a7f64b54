import type { StatusUpdate } from '@paxyo/order-core'

const CHARGE = 1000n

interface ModelOrder {
  holds: string | null
  refunded: bigint
  /** The updates that wait for a person, and whether one is asked. */
  asked: Received[]
  isAsked: boolean
}

/** A delivery, in the order of their arrival. */
interface Received {
  readonly deliveryId: string
  readonly id: string
  readonly update: StatusUpdate
}

/** What each order is refunded. Orders cost 1,000 units for 1,000 pieces, so a refund is the number of those that remain. */
export interface Model {
  deliver(deliveryId: string, id: string, update: StatusUpdate): void
  replay(deliveryId: string, replayId: string): void
  register(of: string, id: string | null): void
  /** The order gets another provider order. */
  hold(of: string, id: string): void
  verify(deliveryId: string, agrees: boolean): void
  /** Deliveries about which the provider is asked. */
  awaiting(): string[]
  /** Whether a person is asked about a refund of an order. */
  isAsked(of: string): boolean
  /** Whether a person is or was asked about a delivery. */
  wasAsked(deliveryId: string): boolean
  /** The refund that a person is asked about. */
  proposal(of: string): bigint
  resolve(of: string, refund: bigint): void
  /** Refunds an amount; null for the rest. */
  act(of: string, amount: bigint | null): void
  refunds(): [of: string, refunded: bigint][]
}

const statusOf = ({ status, remains }: StatusUpdate): string => `${status} ${status === 'partial' ? remains : ''}`

export function createModel({ verifies, asks }: { readonly verifies: boolean; readonly asks: boolean }): Model {
  const orders = new Map<string, ModelOrder>()
  const received = new Map<string, Received>()
  const everAsked = new Set<string>()
  const awaiting = new Set<string>()
  /** Deliveries that wait for an order, by provider order. */
  const waiting = new Map<string, Received[]>()

  const holderOf = (id: string): ModelOrder | undefined => [...orders.values()].find(({ holds }) => holds === id)

  function dueOf({ status, remains }: StatusUpdate): bigint {
    if (status === 'canceled') return CHARGE
    const isCount = status === 'partial' && remains !== null && remains >= 0 && BigInt(remains) <= CHARGE
    return isCount ? BigInt(remains) : 0n
  }

  function decide(order: ModelOrder, delivery: Received, isVerified: boolean): void {
    const due = dueOf(delivery.update)
    if (due <= order.refunded) return
    if (verifies && !isVerified) return void awaiting.add(delivery.deliveryId)
    if (!asks) return void (order.refunded = due)
    order.asked.push(delivery)
    order.isAsked = true
    everAsked.add(delivery.deliveryId)
  }

  function apply(delivery: Received, isVerified = false): void {
    const holder = holderOf(delivery.id)
    if (holder !== undefined) return decide(holder, delivery, isVerified)
    // The last one of each status waits. One that was verified is older than the others.
    const others = waiting.get(delivery.id) ?? []
    const same = others.filter(({ update }) => statusOf(update) === statusOf(delivery.update))
    if (isVerified && same.length > 0) return
    waiting.set(delivery.id, [...others.filter((other) => !same.includes(other)), delivery])
  }

  /** The deliveries that waited for a provider order, in the order of their arrival. */
  function take(id: string): void {
    const arrived = [...received.keys()]
    const taken = (waiting.get(id) ?? []).toSorted(
      (a, b) => arrived.indexOf(a.deliveryId) - arrived.indexOf(b.deliveryId),
    )
    waiting.delete(id)
    taken.forEach((delivery) => apply(delivery))
  }

  function receive(delivery: Received): void {
    received.set(delivery.deliveryId, delivery)
    apply(delivery)
  }

  return {
    deliver: (deliveryId, id, update) => receive({ deliveryId, id, update }),
    replay: (deliveryId, replayId) => receive({ ...received.get(deliveryId)!, deliveryId: replayId }),
    register(of, id) {
      orders.set(of, { holds: id, refunded: 0n, asked: [], isAsked: false })
      if (id !== null) take(id)
    },
    hold(of, id) {
      const order = orders.get(of)!
      if (order.holds === id) return
      const released = order.asked
      Object.assign(order, { asked: [], isAsked: false, holds: null })
      released.forEach((delivery) => apply(delivery))
      order.holds = id
      take(id)
    },
    verify(deliveryId, agrees) {
      const delivery = received.get(deliveryId)!
      awaiting.delete(deliveryId)
      if (agrees || holderOf(delivery.id) === undefined) apply(delivery, true)
    },
    awaiting: () => [...awaiting].toSorted((a, b) => (a < b ? -1 : 1)),
    isAsked: (of) => orders.get(of)?.isAsked ?? false,
    wasAsked: (deliveryId) => everAsked.has(deliveryId),
    proposal(of) {
      const { refunded, asked } = orders.get(of)!
      // A cancellation is final; otherwise the last word counts, as none of them is paid yet.
      if (asked.some(({ update }) => update.status === 'canceled')) return CHARGE - refunded
      const last = asked.at(-1)
      const due = last === undefined ? 0n : dueOf(last.update)
      return due > refunded ? due - refunded : 0n
    },
    resolve(of, refund) {
      const order = orders.get(of)!
      Object.assign(order, { asked: [], isAsked: false, refunded: order.refunded + refund })
    },
    act(of, amount) {
      const order = orders.get(of)!
      order.refunded = amount === null ? CHARGE : order.refunded + amount
    },
    refunds: () => [...orders.keys()].toSorted((a, b) => (a < b ? -1 : 1)).map((of) => [of, orders.get(of)!.refunded]),
  }
}

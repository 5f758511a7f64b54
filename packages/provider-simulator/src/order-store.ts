import { identifierSchema, isOpenStatus, type OrderStatus } from '@paxyo/contracts'
import type { Random } from './random.ts'
import { SimulatorError } from './simulator-error.ts'

/** An order as the provider stores it. */
export interface ProviderOrder {
  readonly orderId: string
  readonly service: string
  readonly link: string
  readonly quantity: number
  readonly status: OrderStatus
  readonly remains: number
  /** Null until the provider has determined it. */
  readonly startCount: number | null
}

/** A new order; missing fields get default values. */
export type NewOrder = Partial<ProviderOrder>

/** The fields of an order that can change. */
export type OrderChange = Partial<Pick<ProviderOrder, 'status' | 'remains' | 'startCount'>>

/** Realistic changes of an open order. */
export const ORDER_ACTIONS = ['progress', 'complete', 'partial', 'cancel'] as const
export type OrderAction = (typeof ORDER_ACTIONS)[number]

export interface OrderStore {
  get(orderId: string): ProviderOrder | undefined
  all(): ProviderOrder[]
  /** The open orders: of all, or of these. */
  open(among?: readonly string[]): ProviderOrder[]
  /** @throws SimulatorError when the order exists or is not valid, or when there are too many. */
  add(order: NewOrder): ProviderOrder
  /** Sets an order to a given state, and adds it if it does not exist. */
  restore(order: NewOrder & { readonly orderId: string }): ProviderOrder
  /** Sets any fields without validation: providers contradict themselves, too. */
  change(orderId: string, change: OrderChange): ProviderOrder
  /** @throws SimulatorError when the order is not open. */
  act(orderId: string, action: OrderAction): ProviderOrder
}

/** The first id that is assigned. */
const FIRST_ORDER_ID = 23_501n
const ORDERS_MAX = 100_000
const QUANTITY_DEFAULT = 1000
const START_COUNT_MAX = 10_000
/** The largest fraction of the remains that one step delivers. */
const STEP_PART_MAX = 0.2

const isOpen = ({ status }: ProviderOrder): boolean => isOpenStatus(status)

/** The provider's orders, in memory. */
export function createOrderStore(random: Random): OrderStore {
  const orders = new Map<string, ProviderOrder>()
  let nextOrderId = FIRST_ORDER_ID

  function find(orderId: string): ProviderOrder {
    const order = orders.get(orderId)
    if (order === undefined) throw new SimulatorError('unknown_order', `there is no order ${orderId}`)
    return order
  }

  function put(order: ProviderOrder): ProviderOrder {
    orders.set(order.orderId, order)
    return order
  }

  function freeOrderId(): string {
    while (orders.has(String(nextOrderId))) nextOrderId += 1n
    return String(nextOrderId)
  }

  function make({ orderId = freeOrderId(), quantity = QUANTITY_DEFAULT, ...order }: NewOrder): ProviderOrder {
    if (!identifierSchema.safeParse(orderId).success) throw new SimulatorError('invalid_order', 'not an order id')
    if (!Number.isSafeInteger(quantity) || quantity < 1) throw new SimulatorError('invalid_order', 'no quantity')
    if (orders.size >= ORDERS_MAX) throw new SimulatorError('too_many_orders', `there are ${ORDERS_MAX} orders`)
    const made = { service: '1', link: 'https://example.com/', status: 'pending', startCount: null } as const
    return put({ ...made, remains: quantity, ...order, orderId, quantity })
  }

  return {
    get: (orderId) => orders.get(orderId),
    all: () => [...orders.values()],
    open: (among) => (among?.flatMap((orderId) => orders.get(orderId) ?? []) ?? [...orders.values()]).filter(isOpen),

    add(order) {
      const { orderId } = order
      if (orderId !== undefined && orders.has(orderId)) {
        throw new SimulatorError('order_exists', `there is an order ${orderId}`)
      }
      return make(order)
    },
    restore: make,

    change: (orderId, change) => put({ ...find(orderId), ...change }),

    act(orderId, action) {
      const order = find(orderId)
      if (!isOpen(order)) throw new SimulatorError('order_closed', `order ${orderId} is ${order.status}`)
      return put({ ...order, ...ACTIONS[action](order, random) })
    },
  }
}

const ACTIONS: Readonly<Record<OrderAction, (order: ProviderOrder, random: Random) => OrderChange>> = {
  progress: deliverSome,
  complete: () => ({ status: 'completed', remains: 0 }),
  // At least one is delivered and at least one remains, or it would be another status.
  partial: ({ quantity, remains }, random) => ({
    status: 'partial',
    remains: remains === quantity ? random.between(1, Math.max(1, quantity - 1)) : Math.max(1, remains),
  }),
  cancel: () => ({ status: 'canceled' }),
}

function deliverSome({ status, remains, startCount }: ProviderOrder, random: Random): OrderChange {
  if (status === 'pending') return { status: 'processing' }
  if (status === 'processing') {
    return { status: 'in_progress', startCount: startCount ?? random.between(0, START_COUNT_MAX) }
  }
  if (remains <= 1) return { status: 'completed', remains: 0 }
  return { remains: remains - Math.max(1, Math.floor(remains * random.next() * STEP_PART_MAX)) }
}
